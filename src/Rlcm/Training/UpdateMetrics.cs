using System.Text.Json.Serialization;

namespace Rlcm.Training;

/// <summary>
/// What an update of the policy did: a line of <c>metrics.jsonl</c>, where the names are in snake case. The diagnostics are means over
/// everything the update trained on.
/// </summary>
/// <param name="Update">Number of the update, from 1.</param>
/// <param name="Queries">Pictures scored for training so far, without evaluations.</param>
/// <param name="Seconds">Time spent on training so far, without evaluations.</param>
/// <param name="RewardMean">Mean reward of this update's images; of a sum of rewards, on the scale of the evaluations.</param>
/// <param name="RewardStd">Population standard deviation of the same.</param>
/// <param name="AdvantageMean">Mean advantage of the same.</param>
/// <param name="Loss">Clipped policy-gradient loss, with the weighted penalty on the divergence from the base model where klCoefficient is above 0.</param>
/// <param name="RatioMean">Mean probability ratio, per latent dimension.</param>
/// <param name="ClipFraction">Share of ratios outside the clip range.</param>
/// <param name="ApproxKl">Half the mean square of the log-ratio, per latent dimension.</param>
/// <param name="GradNorm">Norm of the gradient before it was limited; mean over optimizer steps.</param>
/// <param name="LearningRate">Adam's step size.</param>
/// <param name="ImagesPerSecond">Images of this update by the time it took.</param>
public sealed record UpdateMetrics(
    int Update,
    long Queries,
    double Seconds,
    double RewardMean,
    double RewardStd,
    double AdvantageMean,
    double Loss,
    double RatioMean,
    double ClipFraction,
    double ApproxKl,
    double GradNorm,
    double LearningRate,
    double ImagesPerSecond)
{
    /// <summary>
    /// U-Net evaluations of one picture's latent without gradient so far: those of sampling and of the comparison with the base model, without
    /// evaluations. Guidance by two predictions counts two. Null in files of versions that did not count them.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SamplingEvaluations { get; init; }

    /// <summary>The same with a backward pass: those of the policy gradient.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TrainingEvaluations { get; init; }

    /// <summary>
    /// Divergence from the base model per latent dimension: mean over the scored steps of all pictures where klCoefficient is above 0, else of
    /// an eighth of them. Null in files of versions that did not measure it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ReferenceKl { get; init; }

    /// <summary>Weight of that divergence in this update; null, and not written, where it is 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? KlCoefficient { get; init; }

    /// <summary>Of a sum of rewards, the scores of each part in its own unit, not clamped; null, and not written, for a single reward.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, RewardMoments>? Parts { get; init; }
}

/// <summary>An evaluation on the fixed pairs of prompt and seed: a line <c>{"evaluation": {...}}</c> of <c>metrics.jsonl</c>.</summary>
/// <param name="Update">Updates done before it; 0 is the untuned model.</param>
/// <param name="Queries">Pictures scored for training until then.</param>
/// <param name="Seconds">Time spent on training until then.</param>
/// <param name="Images">Pictures evaluated.</param>
/// <param name="RewardMean">Their mean reward.</param>
/// <param name="RewardStd">Population standard deviation of the same.</param>
/// <param name="RecognizedShare">Share of animal pictures that show the animal asked for, of the prompts of the run's <see cref="Evaluation.EvaluationScope"/>; null without a gallery.</param>
/// <param name="RecognizedSamples">Number of those pictures; null without a gallery.</param>
/// <param name="IsBest">Whether no earlier evaluation had as high a mean reward; the adapters of the last such line are the run's best.</param>
public sealed record EvaluationMetrics(
    int Update, long Queries, double Seconds, int Images, double RewardMean, double RewardStd, double? RecognizedShare, int? RecognizedSamples,
    bool IsBest)
{
    /// <summary>[Images]: the rewards one by one, of the same prompts and seeds in every evaluation; null in files of older versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Rewards { get; init; }

    /// <summary>Of a sum of rewards, the scores of each part in its own unit, not clamped; null, and not written, for a single reward.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, RewardMoments>? Parts { get; init; }
}

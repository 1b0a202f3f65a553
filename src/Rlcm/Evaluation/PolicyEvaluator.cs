using Rlcm.Imaging;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;

namespace Rlcm.Evaluation;

/// <summary>The evaluation pictures of a policy and their rewards.</summary>
/// <param name="Images">One picture per evaluation prompt.</param>
/// <param name="Rewards">[N]; of a sum of rewards, on the scale of the untuned model.</param>
public sealed record EvaluatedPictures(ImageBatch Images, IReadOnlyList<double> Rewards)
{
    /// <summary>Of a sum of rewards, the scores of each part, [N]; null for a single reward.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>>? Parts { get; init; }
}

/// <summary>
/// Measures a policy on fixed (prompt, seed) pairs, which are the same for every run, and, where the model ships a gallery, on whether
/// its animals are recognized.
/// </summary>
/// <param name="policyOf">The policy at a number of steps.</param>
/// <param name="reward">The reward.</param>
/// <param name="encoded">Encodes prompts as these policies do.</param>
/// <param name="prompts">The evaluation prompts, in order.</param>
/// <param name="trainingPrompts">Tells seen from unseen.</param>
/// <param name="recognizer">Search in the model's gallery, or null.</param>
/// <param name="batchSize">Pictures sampled at once.</param>
/// <param name="scope">How much is measured.</param>
public sealed class PolicyEvaluator(
    Func<int, IStepPolicy> policyOf, TrainingReward reward, EncodedPrompts encoded, IReadOnlyList<string> prompts, IReadOnlySet<string> trainingPrompts, Recognizer? recognizer, int batchSize, EvaluationScope scope)
{
    /// <summary>The horizons of a consistency model's report, where the model has as many steps.</summary>
    public static readonly IReadOnlyList<int> Horizons = [1, 2, 4, 8];

    /// <summary>Those of a diffusion model, besides its own.</summary>
    public static readonly IReadOnlyList<int> DiffusionHorizons = [4, 8, 16, 50];

    private const ulong Seed = 0; // evaluations of all runs compare, whatever their training seed

    /// <summary>Draws and scores the evaluation pictures at <paramref name="horizon"/> steps.</summary>
    /// <exception cref="UserErrorException">The reward failed, or what the policy predicts is no number.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public EvaluatedPictures Evaluate(int horizon, CancellationToken stop) => Score(Draw(horizon, stop), stop);

    /// <summary>Draws the evaluation pictures at <paramref name="horizon"/> steps.</summary>
    public ImageBatch Draw(int horizon, CancellationToken stop) =>
        RolloutCollector.Sample(policyOf(horizon), encoded, Items(prompts, Enumerable.Range(0, prompts.Count).Select(index => (long)index)), batchSize, stop);

    /// <summary>Scores evaluation pictures.</summary>
    /// <exception cref="UserErrorException">The reward failed.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public EvaluatedPictures Score(ImageBatch images, CancellationToken stop) => Measure(images, Ask(images, stop));

    /// <summary>As <see cref="Evaluate"/>; the scale on which a sum of rewards is reported is fixed to that of these pictures before they are measured.</summary>
    public EvaluatedPictures FixScale(int horizon, CancellationToken stop)
    {
        var images = Draw(horizon, stop);
        var scores = Ask(images, stop);
        reward.FixScale(scores);
        return Measure(images, scores);
    }

    private double[][] Ask(ImageBatch images, CancellationToken stop) => Array.ConvertAll(
        reward.ScoreAsync(images, prompts, "an evaluation", offset: 0, stop).GetAwaiter().GetResult(), part => Array.ConvertAll(part, score => (double)score));

    private EvaluatedPictures Measure(ImageBatch images, double[][] scores) => new(images, reward.Measure(scores)) { Parts = reward.ByPart(scores) };

    /// <summary>Draws the scope's animals at <paramref name="horizon"/> steps, as often as an evaluation does, and says which are recognized; null without a gallery.</summary>
    public RecognizedShare? Recognize(int horizon, CancellationToken stop) => Recognize(horizon, scope.EvaluationSeeds, stop);

    private RecognizedShare? Recognize(int horizon, int seeds, CancellationToken stop) => recognizer is null ? null : RecognizedShare.Compute(
        recognizer, (texts, noise) => RolloutCollector.Sample(policyOf(horizon), encoded, Items(texts, noise), batchSize, stop), seeds, scope.Prompts, stop);

    /// <summary>Everything that <c>evaluation.json</c> says of a policy at <paramref name="horizon"/> steps.</summary>
    public HorizonReport Report(int horizon, CancellationToken stop) => Report(horizon, Evaluate(horizon, stop), stop);

    /// <summary>As the other, for evaluation pictures that are there.</summary>
    public HorizonReport Report(int horizon, EvaluatedPictures pictures, CancellationToken stop)
    {
        var recognized = Recognize(horizon, scope.ReportSeeds, stop);
        return new(
            horizon,
            Seen(pictures.Rewards),
            Unseen(pictures.Rewards),
            PictureDiversity.LargestNearIdenticalGroup(pictures.Images),
            recognized?.Share,
            recognized?.Samples.Count,
            recognized?.Diversity)
        {
            Parts = pictures.Parts?.ToDictionary(part => part.Key, part => new PartReport(Seen(part.Value), Unseen(part.Value)), StringComparer.Ordinal),
        };
    }

    private RewardSummary? Seen(IReadOnlyList<double> rewards) => RewardSummary.Of([.. rewards.Where((_, index) => trainingPrompts.Contains(prompts[index]))]);

    private RewardSummary? Unseen(IReadOnlyList<double> rewards) => RewardSummary.Of([.. rewards.Where((_, index) => !trainingPrompts.Contains(prompts[index]))]);

    private static RolloutItem[] Items(IReadOnlyList<string> texts, IEnumerable<long> seeds) =>
        [.. texts.Zip(seeds, (text, seed) => new RolloutItem(text, RolloutNoise.Evaluation(Seed, seed)))];
}

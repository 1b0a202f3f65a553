using System.Text.Json;
using System.Text.Json.Serialization;
using Rlcm.Rewards;
using Rlcm.Training;

namespace Rlcm.Evaluation;

/// <summary>Mean, population standard deviation and number of some rewards.</summary>
public sealed record RewardSummary(double Mean, double Std, int N)
{
    /// <summary>The summary of <paramref name="rewards"/>; null when there are none.</summary>
    public static RewardSummary? Of(IReadOnlyList<double> rewards)
    {
        if (rewards.Count == 0)
            return null;
        var moments = RewardMoments.Of([.. rewards]);
        return new(moments.Mean, moments.Std, rewards.Count);
    }
}

/// <summary>The scores of one part of a sum of rewards, in its own unit.</summary>
/// <param name="Seen">Those of evaluation prompts that are training prompts too.</param>
/// <param name="Unseen">Those of the other evaluation prompts.</param>
public sealed record PartReport(RewardSummary? Seen, RewardSummary? Unseen);

/// <summary>How a part enters the reported sum: weight (clamp(score) - mean) / divisor.</summary>
/// <param name="Reward">Its name.</param>
/// <param name="Unit">Unit of its scores.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Min">Lower limit; null: none.</param>
/// <param name="Max">Upper limit; null: none.</param>
/// <param name="Mean">Mean of the untuned model's clamped scores.</param>
/// <param name="Divisor">Their standard deviation; 1 where they do not vary.</param>
public sealed record PartScale(string Reward, string Unit, double Weight, double? Min, double? Max, double Mean, double Divisor)
{
    /// <summary>The parts of <paramref name="reward"/>; null where it is no sum.</summary>
    public static IReadOnlyList<PartScale>? Of(TrainingReward reward) => reward.Scale is not { } scale ? null
        : [.. reward.Parts.Zip(scale, (part, moments) => new PartScale(part.Reward.Name, part.Reward.Unit, part.Weight, part.Min, part.Max, moments.Mean, TrainingReward.Divisor(moments)))];
}

/// <summary>How a model does at one number of steps.</summary>
/// <param name="Horizon">Steps per picture.</param>
/// <param name="Seen">Rewards of evaluation prompts that are training prompts too.</param>
/// <param name="Unseen">Rewards of the other evaluation prompts.</param>
/// <param name="LargestNearIdenticalGroup">Most evaluation pictures that look alike.</param>
/// <param name="RecognizedShare">Share of animal pictures that show the animal asked for; null without a gallery.</param>
/// <param name="RecognizedSamples">Number of those pictures; null without a gallery.</param>
/// <param name="Diversity">Mean distance of two pictures of one prompt, 0..1; null without a gallery.</param>
public sealed record HorizonReport(
    int Horizon, RewardSummary? Seen, RewardSummary? Unseen, int LargestNearIdenticalGroup,
    double? RecognizedShare, int? RecognizedSamples, double? Diversity)
{
    /// <summary>Of a sum of rewards, the scores of each part in its own unit, not clamped; null, and not written, for a single reward.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, PartReport>? Parts { get; init; }

    /// <summary>The reports of an earlier session; null where the file is missing or was not written by one.</summary>
    internal static IReadOnlyList<HorizonReport>? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<HorizonReport[]>(File.ReadAllBytes(path), EvaluationReport.JsonOptions) : null;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // it is made again
        }
    }
}

/// <summary>The content of <c>evaluation.json</c>.</summary>
/// <param name="Task">The reward's name.</param>
/// <param name="Unit">The reward's unit.</param>
/// <param name="Before">The untuned model.</param>
/// <param name="After">The tuned model.</param>
public sealed record EvaluationReport(string Task, string Unit, IReadOnlyList<HorizonReport> Before, IReadOnlyList<HorizonReport> After)
{
    /// <summary>Of a sum of rewards, its parts and their scale; null, and not written, for a single reward.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PartScale>? Parts { get; init; }

    /// <summary>Names in snake case, indented.</summary>
    internal static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

using System.Text.Json;
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
    /// <summary>Names in snake case, indented.</summary>
    internal static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

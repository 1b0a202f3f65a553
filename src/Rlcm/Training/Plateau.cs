namespace Rlcm.Training;

/// <summary>Whether a run has stopped to get better (early stopping).</summary>
public static class Plateau
{
    /// <summary>
    /// Whether the best of the last <paramref name="patience"/> evaluations is above the best of those before by less than one standard error of
    /// its mean, s / sqrt(n).
    /// </summary>
    /// <param name="evaluations">All evaluations so far, that of the untuned model first.</param>
    /// <param name="patience">How many evaluations; null: never.</param>
    public static bool IsReached(IReadOnlyList<EvaluationMetrics> evaluations, int? patience)
    {
        if (patience is not { } count || evaluations.Count <= count)
            return false;
        var before = evaluations.SkipLast(count).Max(line => line.RewardMean);
        var best = evaluations.TakeLast(count).MaxBy(line => line.RewardMean)!;
        return best.RewardMean - before < best.RewardStd / Math.Sqrt(best.Images);
    }
}

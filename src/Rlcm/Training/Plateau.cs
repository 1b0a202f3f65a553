namespace Rlcm.Training;

/// <summary>Whether a run has stopped to get better (early stopping).</summary>
public static class Plateau
{
    /// <summary>
    /// Whether the best of the last <paramref name="patience"/> evaluations is above the best of those before by no more than one standard error of
    /// that gain. It is that of the mean difference of the same pictures, s / sqrt(n) with the deviation s of the differences: how much pictures
    /// differ from one another does not matter. Where rewards were not kept one by one, s is that of the pictures.
    /// </summary>
    /// <param name="evaluations">All evaluations so far, that of the untuned model first.</param>
    /// <param name="patience">How many evaluations; null: never.</param>
    public static bool IsReached(IReadOnlyList<EvaluationMetrics> evaluations, int? patience)
    {
        if (patience is not { } count || evaluations.Count <= count)
            return false;
        var before = evaluations.SkipLast(count).MaxBy(line => line.RewardMean)!;
        var best = evaluations.TakeLast(count).MaxBy(line => line.RewardMean)!;
        return best.RewardMean - before.RewardMean <= StandardErrorOfGain(before, best);
    }

    private static double StandardErrorOfGain(EvaluationMetrics before, EvaluationMetrics after)
    {
        var std = before.Rewards is { } rewards && after.Rewards?.Count == rewards.Count
            ? RewardMoments.Of([.. rewards.Zip(after.Rewards, (earlier, later) => later - earlier)]).Std
            : after.RewardStd;
        return std / Math.Sqrt(after.Images);
    }
}

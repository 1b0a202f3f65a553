namespace Rlcm.Training;

/// <summary>Whether a run learnt: the per-update mean rewards of its last quarter against those of its first.</summary>
/// <param name="First">Mean of the first quarter's mean rewards.</param>
/// <param name="Last">Mean of the last quarter's.</param>
/// <param name="StandardErrors">(Last - First) / sqrt(s1^2/n1 + s2^2/n2), with sample variances (Welch 1947).</param>
public sealed record RewardTrend(double First, double Last, double StandardErrors)
{
    private const int LeastUpdates = 8; // a variance needs two values

    /// <summary>The trend of <paramref name="updates"/>; null for fewer than eight.</summary>
    public static RewardTrend? Of(IReadOnlyList<UpdateMetrics> updates)
    {
        if (updates.Count < LeastUpdates)
            return null;
        var quarter = updates.Count / 4;
        var (first, last) = (Quarter(updates.Take(quarter)), Quarter(updates.TakeLast(quarter)));
        return new(first.Mean, last.Mean, (last.Mean - first.Mean) / Math.Sqrt(first.SquaredError + last.SquaredError));
    }

    private static (double Mean, double SquaredError) Quarter(IEnumerable<UpdateMetrics> updates)
    {
        double[] rewards = [.. updates.Select(update => update.RewardMean)];
        var moments = RewardMoments.Of(rewards);
        return (moments.Mean, moments.Std * moments.Std / (rewards.Length - 1)); // s^2/n with s^2 = n/(n - 1) times the population variance
    }
}

namespace Rlcm.Evaluation;

/// <summary>Quantiles of a sample.</summary>
internal static class Quantile
{
    /// <summary>
    /// The quantile at <paramref name="probability"/>: between the two order statistics around (n - 1) p by a straight line (type 7 of
    /// Hyndman and Fan 1996, numpy's default).
    /// </summary>
    /// <param name="sorted">At least one number, in ascending order.</param>
    /// <param name="probability">0..1.</param>
    public static double Of(ReadOnlySpan<double> sorted, double probability)
    {
        var position = (sorted.Length - 1) * probability;
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}

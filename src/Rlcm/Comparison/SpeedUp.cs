namespace Rlcm.Comparison;

/// <summary>How much sooner one arm of a study, A, comes to a share of what another, B, gains.</summary>
/// <param name="Share">The share of B's gain.</param>
/// <param name="Target">What that is: a gain, or a reward.</param>
/// <param name="A">Where the mean of A reaches it.</param>
/// <param name="B">Where the mean of B does.</param>
/// <param name="OfSeeds">Where each seed of A does.</param>
public sealed record SpeedUp(double Share, double Target, FirstCrossing A, FirstCrossing B, IReadOnlyList<FirstCrossing> OfSeeds)
{
    /// <summary>x of B by x of A: 6 where A needs a sixth. Null where one of them has none.</summary>
    public double? Ratio => RatioOf(A);

    /// <summary>The ratio of every seed of A, with x of B's mean; null where it has none.</summary>
    public IReadOnlyList<double?> SeedRatios => [.. OfSeeds.Select(RatioOf)];

    /// <summary>By the gain of each over its own start: target = share (highest of B's mean gain).</summary>
    /// <param name="a">The rewards of A, a curve for each seed.</param>
    /// <param name="b">Those of B.</param>
    /// <param name="share">Above 0, at most 1.</param>
    /// <exception cref="ArgumentException">An arm has no curves.</exception>
    public static SpeedUp OfGain(IReadOnlyList<Curve> a, IReadOnlyList<Curve> b, double share)
    {
        Curve[] gains = [.. a.Select(seed => seed.Gain())];
        var other = SeedMean.Of([.. b.Select(seed => seed.Gain())]).Curve;
        return Of(gains, other, share, share * other.Highest);
    }

    /// <summary>By the rewards themselves: target = (1 - share) (start of B's mean) + share (highest of B's mean). What starts there or above has no place.</summary>
    /// <param name="a">The rewards of A, a curve for each seed.</param>
    /// <param name="b">Those of B.</param>
    /// <param name="share">Above 0, at most 1.</param>
    /// <exception cref="ArgumentException">An arm has no curves.</exception>
    public static SpeedUp OfLevel(IReadOnlyList<Curve> a, IReadOnlyList<Curve> b, double share)
    {
        var other = SeedMean.Of(b).Curve;
        return Of(a, other, share, (1 - share) * other.Start + share * other.Highest);
    }

    private static SpeedUp Of(IReadOnlyList<Curve> a, Curve b, double share, double target)
    {
        if (share is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share of a gain is above 0 and at most 1.");
        return new(share, target, FirstCrossing.Of(SeedMean.Of(a).Curve, target), FirstCrossing.Of(b, target), [.. a.Select(seed => FirstCrossing.Of(seed, target))]);
    }

    private double? RatioOf(FirstCrossing crossing) => B.X / crossing.X;
}

using Rlcm.Evaluation;

namespace Rlcm.Comparison;

/// <summary>A point of the mean over seeds.</summary>
/// <param name="X">Where it lies: the place of all seeds by queries, updates and U-Net evaluations, the mean of theirs by time.</param>
/// <param name="Value">Mean of the seeds' values and its interval.</param>
public readonly record struct SeedPoint(double X, Estimate Value);

/// <summary>The mean of some curves that differ by their seeds alone.</summary>
/// <param name="Points">As many as the longest curve has.</param>
public sealed record SeedMean(IReadOnlyList<SeedPoint> Points)
{
    private const double Confidence = 0.95;

    /// <summary>The means as a curve.</summary>
    public Curve Curve => new([.. Points.Select(point => point.X)], [.. Points.Select(point => point.Value.Mean)]);

    /// <summary>
    /// The mean point by point: the k-th points of all curves belong together. A curve that ends early, as runs with <c>patience</c> do, counts
    /// with its last value from then on, since its policy is not trained any more; along x it then goes as the others do in the mean.
    /// </summary>
    /// <param name="seeds">A curve for each seed, evaluated after the same updates as far as they go; at least one.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static SeedMean Of(IReadOnlyList<Curve> seeds)
    {
        if (seeds.Count == 0)
            throw new ArgumentException("No curves to take the mean of.", nameof(seeds));
        var points = new List<SeedPoint>();
        for (var point = 0; point < seeds.Max(seed => seed.X.Count); point++)
        {
            Curve[] running = [.. seeds.Where(seed => point < seed.X.Count)];
            var x = point == 0 ? Mean([.. running.Select(seed => seed.X[0])]) : points[^1].X + Mean([.. running.Select(seed => seed.X[point] - seed.X[point - 1])]);
            points.Add(new(x, OfValues([.. seeds.Select(seed => seed.Y[Math.Min(point, seed.Y.Count - 1)])])));
        }

        return new(points);
    }

    /// <summary>
    /// The mean of <paramref name="values"/> and its 95 % interval, mean +- t s / sqrt(n) with the sample deviation s and the quantile t of
    /// Student's distribution with n - 1 degrees of freedom; it takes the values for normally distributed.
    /// </summary>
    /// <param name="values">One for each seed; at least one. A single one has no interval.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static Estimate OfValues(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            throw new ArgumentException("No values to take the mean of.", nameof(values));
        var mean = Mean(values);
        if (values.Count == 1)
            return new(mean, Interval: null);
        var variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        var half = StudentT.TwoSidedQuantile(Confidence, values.Count - 1) * Math.Sqrt(variance / values.Count);
        return new(mean, new(mean - half, mean + half));
    }

    /// <summary>The mean, exactly the value where all are equal.</summary>
    private static double Mean(IReadOnlyList<double> values) => values[0] + values.Average(value => value - values[0]);
}

using Rlcm.Runtime;

namespace Rlcm.Evaluation;

/// <summary>Where a mean lies with 95 % confidence.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Whether all of it is on one side of zero.</summary>
    public bool ExcludesZero => Low > 0 || High < 0;
}

/// <summary>A mean and how sure it is.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Interval">95 %; null where there is a single value.</param>
public readonly record struct Estimate(double Mean, Interval? Interval);

/// <summary>
/// The percentile bootstrap (Efron 1979) of a mean: values are drawn from themselves with replacement, as many as there are, again and again;
/// the middle 95 % of the means so drawn are the interval. It takes nothing for granted of how the values are distributed, but is too narrow by
/// about sqrt((n - 1) / n) and the skew for a few values.
/// </summary>
public static class Bootstrap
{
    /// <summary>How often values are drawn anew.</summary>
    public const int Resamples = 10_000;

    private const double Tail = 0.025;

    /// <summary>The mean of <paramref name="values"/> and its interval. Equally many values are always drawn in the same way.</summary>
    /// <param name="values">At least one value, independent of one another.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static Estimate Mean(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            throw new ArgumentException("No values to take the mean of.", nameof(values));
        if (values.Count == 1)
            return new(values[0], Interval: null);

        var means = new double[Resamples];
        var rows = new int[values.Count];
        for (var resample = 0; resample < means.Length; resample++)
        {
            AddressedRandom.Integers(new(Seed: 0, RandomPurpose.Bootstrap, Item: resample), rows, values.Count);
            var sum = 0.0;
            foreach (var row in rows)
                sum += values[row];
            means[resample] = sum / rows.Length;
        }

        Array.Sort(means);
        return new(values.Average(), new(Quantile.Of(means, Tail), Quantile.Of(means, 1 - Tail)));
    }
}

namespace Rlcm.Comparison;

/// <summary>A piecewise linear curve, such as a mean reward over time: straight lines between its points.</summary>
public sealed class Curve
{
    /// <param name="x">Where the points are, ascending without two that are equal; at least one.</param>
    /// <param name="y">Their values, equally many.</param>
    /// <exception cref="ArgumentException">They are not so, or not finite.</exception>
    public Curve(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (x.Count == 0 || x.Count != y.Count)
            throw new ArgumentException($"A curve needs equally many x and y, at least one, not {x.Count} and {y.Count}.", nameof(y));
        if (!x.Concat(y).All(double.IsFinite))
            throw new ArgumentException("The points of a curve are finite numbers.", nameof(y));
        for (var point = 1; point < x.Count; point++)
        {
            if (x[point] <= x[point - 1])
                throw new ArgumentException($"The x of a curve ascend, not from {x[point - 1]} to {x[point]}.", nameof(x));
        }

        (X, Y) = (x, y);
    }

    /// <summary>Where the points are, ascending.</summary>
    public IReadOnlyList<double> X { get; }

    /// <summary>The values there.</summary>
    public IReadOnlyList<double> Y { get; }

    /// <summary>The first value.</summary>
    public double Start => Y[0];

    /// <summary>The highest value.</summary>
    public double Highest => Y.Max();

    /// <summary>The curve from its own start: y(x) - y(first x).</summary>
    public Curve Gain() => new(X, [.. Y.Select(value => value - Start)]);
}

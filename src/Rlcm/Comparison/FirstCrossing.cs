using System.Globalization;

namespace Rlcm.Comparison;

/// <summary>How a curve stands to a target.</summary>
public enum Crossing
{
    /// <summary>It starts below and reaches it.</summary>
    Reached,

    /// <summary>It stays below.</summary>
    Never,

    /// <summary>It starts at the target or above, so that there is nothing to reach.</summary>
    NotApplicable,
}

/// <summary>Where a curve first reaches a target.</summary>
/// <param name="Kind">Whether it does.</param>
/// <param name="X">The place; null unless it is reached.</param>
public readonly record struct FirstCrossing(Crossing Kind, double? X)
{
    /// <summary>
    /// The smallest x with y(x) >= target, on the straight line between two points x0 + (x1 - x0) (target - y0) / (y1 - y0); none for a curve
    /// that starts there.
    /// </summary>
    /// <param name="curve">The curve.</param>
    /// <param name="target">The value to reach.</param>
    public static FirstCrossing Of(Curve curve, double target)
    {
        if (curve.Start >= target)
            return new(Crossing.NotApplicable, X: null);
        for (var point = 1; point < curve.X.Count; point++)
        {
            var (y0, y1) = (curve.Y[point - 1], curve.Y[point]);
            if (y1 < target)
                continue;
            var (x0, x1) = (curve.X[point - 1], curve.X[point]);
            return new(Crossing.Reached, y1 == target ? x1 : x0 + (x1 - x0) * ((target - y0) / (y1 - y0)));
        }

        return new(Crossing.Never, X: null);
    }

    /// <summary>The place, <c>never</c> or <c>n/a</c>.</summary>
    public override string ToString() => Kind switch
    {
        Crossing.Reached => X!.Value.ToString(CultureInfo.InvariantCulture),
        Crossing.Never => "never",
        _ => "n/a",
    };
}

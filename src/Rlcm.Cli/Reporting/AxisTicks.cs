using System.Globalization;

namespace Rlcm.Cli.Reporting;

/// <summary>Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.</summary>
/// <param name="step">From one to the next.</param>
/// <param name="first">The first one, in steps.</param>
/// <param name="count">How many there are.</param>
internal sealed class AxisTicks(double step, double first, int count)
{
    private const int MostDecimals = 12;
    private const double Rounding = 1e-9;
    private const double Smallest = 1e-100; // of a range that has steps
    private const double Large = 1e8; // more letters than a tick has
    private static readonly double[] Mantissas = [1, 2, 5, 10];

    private readonly int _decimals = Math.Clamp(-(int)Math.Floor(Math.Log10(step)), 0, MostDecimals);

    /// <summary>The first one.</summary>
    public double Low => first * step;

    /// <summary>The last one.</summary>
    public double High => (first + count - 1) * step;

    /// <summary>All of them.</summary>
    public IEnumerable<double> All => Enumerable.Range(0, count).Select(number => (first + number) * step);

    /// <summary>About <paramref name="parts"/> steps that reach from below <paramref name="low"/> to above <paramref name="high"/>, or to them.</summary>
    public static AxisTicks Around(double low, double high, int parts)
    {
        var size = Math.Max(Math.Abs(low), Math.Abs(high));
        if (high - low <= Math.Max(Smallest, Rounding * size)) // one value: there is no telling it from its neighbors
            (low, high) = size <= Smallest ? (0, 1) : (low - 0.1 * size, high + 0.1 * size);
        var step = Step(high - low, parts);
        var first = Math.Floor(low / step + Rounding);
        return new(step, first, (int)(Math.Ceiling(high / step - Rounding) - first) + 1);
    }

    /// <summary>At most <paramref name="parts"/> steps from 0 to <paramref name="high"/>, which is above 0, or to below it.</summary>
    public static AxisTicks UpTo(double high, int parts)
    {
        var step = Step(Math.Max(Smallest, high), parts);
        return new(step, first: 0, (int)Math.Floor(high / step + Rounding) + 1);
    }

    /// <summary>A number with as many decimals as the steps have; a large one by its power of ten.</summary>
    public string Text(double value) => value.ToString(Math.Abs(value) < Large ? $"F{_decimals}" : "0.##e+0", CultureInfo.InvariantCulture);

    /// <summary>The smallest step that is round and takes no more than <paramref name="parts"/> for <paramref name="range"/>.</summary>
    private static double Step(double range, int parts)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(range / parts)));
        return power * Mantissas.First(mantissa => mantissa == Mantissas[^1] || mantissa * power * parts >= range * (1 - Rounding));
    }
}

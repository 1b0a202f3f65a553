namespace Rlcm.Runtime;

/// <summary>
/// The Box-Muller transform of two random words into two standard normal numbers, built in double precision from + - * / and the
/// square root alone. IEEE 754 fixes the result of each of these and .NET never fuses them, so that the numbers are the same bits
/// on every machine; the sines and logarithms of the system's mathematical library are not.
/// </summary>
internal static class BoxMuller
{
    private const double QuarterTurnPerUnit = Math.PI / 2 / (1 << 30);
    private const double Ln2 = 0.693147180559945309417232121458;

    /// <summary>z = sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v) with u = (first + 1) / 2^32 in (0, 1] and v = second / 2^32; |z| is at most 6.67.</summary>
    public static (float Z0, float Z1) Transform(uint first, uint second)
    {
        var radius = Math.Sqrt(-2 * LogOfFraction(first + 1ul));
        var (sine, cosine) = SinCosOfTurn(second);
        return ((float)(radius * cosine), (float)(radius * sine));
    }

    /// <summary>ln(n / 2^32) for n in 1..2^32, by ln m = 2 artanh((m - 1) / (m + 1)) with m in [sqrt(1/2), sqrt(2)).</summary>
    internal static double LogOfFraction(ulong n)
    {
        var exponent = 63 - System.Numerics.BitOperations.LeadingZeroCount(n);
        var mantissa = (double)n / (1ul << exponent);
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        var f = (mantissa - 1) / (mantissa + 1); // |f| <= 0.1716: the first term left out is below 4e-16
        var s = f * f;
        var series = 1 + s * (1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7 + s * (1.0 / 9 + s * (1.0 / 11 + s * (1.0 / 13 + s * (1.0 / 15 + s * (1.0 / 17))))))));
        return (exponent - 32) * Ln2 + 2 * f * series;
    }

    /// <summary>Sine and cosine of 2 pi turn / 2^32: the quadrant exactly from the bits, then Taylor series on [-pi/4, pi/4].</summary>
    internal static (double Sine, double Cosine) SinCosOfTurn(uint turn)
    {
        var quadrant = unchecked(turn + (1u << 29)) >> 30;
        var x = unchecked((int)(turn - (quadrant << 30))) * QuarterTurnPerUnit;
        var s = x * x;
        var sine = x * (1 + s * (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880 + s * (-1.0 / 39916800 + s * (1.0 / 6227020800 + s * (-1.0 / 1307674368000))))))));
        var cosine = 1 + s * (-1.0 / 2 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 + s * (-1.0 / 3628800 + s * (1.0 / 479001600 + s * (-1.0 / 87178291200)))))));
        return quadrant switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }
}

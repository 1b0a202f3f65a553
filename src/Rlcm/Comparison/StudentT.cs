namespace Rlcm.Comparison;

/// <summary>Student's t distribution (Student 1908) with a whole number of degrees of freedom, for which its distribution function is a finite sum.</summary>
internal static class StudentT
{
    /// <summary>
    /// P(|T| &lt; t): with a = atan(t / sqrt(n)), for odd n 2/pi (a + sin a (cos a + 2/3 cos^3 a + ... + (2 4 ... (n-3)) / (3 5 ... (n-2)) cos^(n-2) a)),
    /// for even n sin a (1 + 1/2 cos^2 a + ... + (1 3 ... (n-3)) / (2 4 ... (n-2)) cos^(n-2) a) (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
    /// </summary>
    /// <param name="t">At least 0.</param>
    /// <param name="degrees">n, at least 1.</param>
    public static double ProbabilityWithin(double t, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degrees);
        var angle = Math.Atan(t / Math.Sqrt(degrees));
        var (sine, cosine) = Math.SinCos(angle);
        var isOdd = degrees % 2 == 1;
        var (sum, term) = (0.0, isOdd ? cosine : 1);
        for (var power = isOdd ? 1 : 0; power <= degrees - 2; power += 2)
        {
            sum += term;
            term *= cosine * cosine * (power + 1) / (power + 2);
        }

        return isOdd ? 2 / Math.PI * (angle + sine * sum) : sine * sum;
    }

    /// <summary>The t with P(|T| &lt; t) = <paramref name="probability"/>, by bisection to the last bit but one.</summary>
    /// <param name="probability">Above 0, below 1.</param>
    /// <param name="degrees">At least 1.</param>
    public static double TwoSidedQuantile(double probability, int degrees)
    {
        var (low, high) = (0.0, 1.0);
        while (ProbabilityWithin(high, degrees) < probability)
            (low, high) = (high, 2 * high);
        while (0.5 * (low + high) is var middle && middle > low && middle < high)
            (low, high) = ProbabilityWithin(middle, degrees) < probability ? (middle, high) : (low, middle);
        return high;
    }
}

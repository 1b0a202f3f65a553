using System.Text.Json.Serialization;

namespace Rlcm.Rewards;

/// <summary>Mean and standard deviation of numbers that come one after another, without keeping them (Welford 1962).</summary>
/// <param name="Count">n, how many numbers came.</param>
/// <param name="Mean">Their mean; 0 before the first.</param>
/// <param name="SquaredDeviations">Sum of their squared deviations from the mean.</param>
[method: JsonConstructor]
public readonly record struct RunningMoments(long Count, double Mean, double SquaredDeviations)
{
    /// <summary>Population standard deviation; 0 before the second number.</summary>
    [JsonIgnore]
    public double Std => Count == 0 ? 0 : Math.Sqrt(SquaredDeviations / Count);

    /// <summary>With one number more: m' = m + (x - m) / n, s' = s + (x - m)(x - m').</summary>
    public RunningMoments With(double value)
    {
        var count = Count + 1;
        var mean = Mean + (value - Mean) / count;
        return new(count, mean, SquaredDeviations + (value - Mean) * (value - mean));
    }
}

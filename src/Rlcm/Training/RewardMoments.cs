using System.Text.Json.Serialization;

namespace Rlcm.Training;

/// <summary>Mean and population standard deviation of some rewards.</summary>
[method: JsonConstructor]
public readonly record struct RewardMoments(double Mean, double Std)
{
    private const double Epsilon = 1e-6; // ddpo-pytorch's, against equal rewards

    /// <summary>What advantages are divided by: std + 1e-6.</summary>
    [JsonIgnore]
    public double Divisor => Std + Epsilon;

    /// <summary>The moments of <paramref name="rewards"/>, which must not be empty.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static RewardMoments Of(ReadOnlySpan<double> rewards)
    {
        if (rewards.IsEmpty)
            throw new ArgumentException("No rewards to take the mean of.", nameof(rewards));

        double sum = 0, squares = 0;
        foreach (var reward in rewards)
            sum += reward;
        var mean = sum / rewards.Length;
        foreach (var reward in rewards)
            squares += (reward - mean) * (reward - mean);
        return new RewardMoments(mean, Math.Sqrt(squares / rewards.Length));
    }
}

using System.Globalization;

namespace Rlcm.Rewards;

/// <summary>A reward with its place in a weighted sum.</summary>
/// <param name="Reward">The reward; its name tells the parts of a sum apart.</param>
/// <param name="Weight">Standard deviations of the sum for one of the reward; negative where it is to be kept low.</param>
public sealed record RewardPart(IReward Reward, double Weight)
{
    /// <summary>Scores below count as this, in the reward's unit; null: all count as they are.</summary>
    public double? Min { get; init; }

    /// <summary>Scores above count as this, in the reward's unit; null: all count as they are.</summary>
    public double? Max { get; init; }

    /// <summary><paramref name="score"/> within <see cref="Min"/> and <see cref="Max"/>.</summary>
    internal double Clamp(double score) => Math.Min(Math.Max(score, Min ?? double.NegativeInfinity), Max ?? double.PositiveInfinity);

    /// <summary>What tells the part from others in a configuration: <c>-0.5 x file size (kB) in 0..2</c>.</summary>
    internal string Description => string.Create(
        CultureInfo.InvariantCulture, $"{Weight} x {Reward.Name} ({Reward.Unit}){(Min is null && Max is null ? "" : $" in {Min}..{Max}")}");
}

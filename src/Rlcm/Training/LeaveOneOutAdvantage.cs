namespace Rlcm.Training;

/// <summary>What leave-one-out advantages are divided by.</summary>
public enum AdvantageNormalization
{
    /// <summary>The standard deviation of the whole batch's rewards + 1e-6.</summary>
    Batch,

    /// <summary>The standard deviation of the group's rewards + 1e-6.</summary>
    Group,

    /// <summary>Nothing.</summary>
    None,
}

/// <summary>
/// Advantages against the other images of the same prompt: A_k = r_k - mean of the other g - 1 (Kool et al. 2019, "Buy 4 REINFORCE
/// Samples, Get a Baseline for Free!"), optionally normalized.
/// </summary>
public static class LeaveOneOutAdvantage
{
    /// <summary>[N] advantages.</summary>
    /// <param name="rewards">[N], groups one after another: entries k g .. k g + g - 1 share a prompt.</param>
    /// <param name="groupSize">g, at least 2, a divisor of N.</param>
    /// <param name="normalization">What the differences are divided by.</param>
    /// <exception cref="ArgumentException">The group size is below 2 or does not divide the batch.</exception>
    public static double[] Compute(ReadOnlySpan<double> rewards, int groupSize, AdvantageNormalization normalization)
    {
        if (groupSize < 2 || rewards.Length % groupSize != 0)
            throw new ArgumentException($"Groups need at least 2 images and must divide the batch: group size {groupSize}, batch {rewards.Length}.", nameof(groupSize));

        var advantages = new double[rewards.Length];
        if (rewards.IsEmpty)
            return advantages;
        var batch = RewardMoments.Of(rewards);
        for (var start = 0; start < rewards.Length; start += groupSize)
        {
            var group = RewardMoments.Of(rewards.Slice(start, groupSize));
            var divisor = normalization switch
            {
                AdvantageNormalization.Batch => batch.Divisor,
                AdvantageNormalization.Group => group.Divisor,
                _ => 1,
            };
            for (var k = start; k < start + groupSize; k++)
            {
                var others = (group.Mean * groupSize - rewards[k]) / (groupSize - 1);
                advantages[k] = (rewards[k] - others) / divisor;
            }
        }

        return advantages;
    }
}

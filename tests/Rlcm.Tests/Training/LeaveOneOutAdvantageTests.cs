using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class LeaveOneOutAdvantageTests
{
    private static readonly double[] Rewards = [1, 2, 6, 10, 20, 60];

    [Fact]
    public void Each_reward_is_compared_with_the_mean_of_the_others_of_its_group() =>
        Assert.Equal([-3, -1.5, 4.5, -30, -15, 45], LeaveOneOutAdvantage.Compute(Rewards, 3, AdvantageNormalization.None));

    [Fact]
    public void By_default_of_the_design_the_batch_scales_all_alike()
    {
        var scale = Math.Sqrt(Rewards.Average(r => Math.Pow(r - 16.5, 2))) + 1e-6;
        Check([-3 / scale, -1.5 / scale, 4.5 / scale, -30 / scale, -15 / scale, 45 / scale], AdvantageNormalization.Batch);
    }

    [Fact]
    public void Normalized_by_group_equal_groups_in_other_units_have_equal_advantages()
    {
        var scale = Math.Sqrt(14 / 3.0) + 1e-6;
        var tenfold = 10 * Math.Sqrt(14 / 3.0) + 1e-6;
        Check([-3 / scale, -1.5 / scale, 4.5 / scale, -30 / tenfold, -15 / tenfold, 45 / tenfold], AdvantageNormalization.Group);
    }

    [Fact]
    public void Advantages_of_a_group_sum_to_zero() =>
        Assert.Equal(0, LeaveOneOutAdvantage.Compute([0.3, -7, 12.25, 4], 4, AdvantageNormalization.Batch).Sum(), 1e-12);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(0)]
    public void Groups_that_do_not_divide_the_batch_are_refused(int groupSize) =>
        Assert.Throws<ArgumentException>(() => LeaveOneOutAdvantage.Compute(Rewards, groupSize, AdvantageNormalization.Batch));

    private static void Check(double[] expected, AdvantageNormalization normalization) =>
        Assert.All(expected.Zip(LeaveOneOutAdvantage.Compute(Rewards, 3, normalization)), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
}

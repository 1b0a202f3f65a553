using Rlcm.Rewards;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Rewards;

public sealed class RunningMomentsTests
{
    [Fact]
    public void They_are_those_of_all_numbers_at_once_also_far_from_zero()
    {
        double[] numbers = [1e6 + 4, 1e6 + 7, 1e6 + 13, 1e6 + 16];
        var moments = Of(numbers);
        Assert.Equal((4, 1e6 + 10), (moments.Count, moments.Mean));
        Assert.Equal(Math.Sqrt(22.5), moments.Std, 1e-12);
        Assert.Equal(RewardMoments.Of(numbers).Std, moments.Std, 1e-12);
    }

    [Fact]
    public void Equal_numbers_have_no_deviation_at_all() => Assert.Equal(0, Of([.. Enumerable.Repeat(0.1, 1000)]).Std);

    [Fact]
    public void Nothing_has_a_mean_of_0_and_one_number_no_deviation()
    {
        Assert.Equal((0, 0), (new RunningMoments().Mean, new RunningMoments().Std));
        Assert.Equal((3, 0), (Of([3]).Mean, Of([3]).Std));
    }

    private static RunningMoments Of(double[] numbers) => numbers.Aggregate(new RunningMoments(), (moments, number) => moments.With(number));
}

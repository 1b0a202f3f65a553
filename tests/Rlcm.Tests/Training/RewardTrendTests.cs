using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class RewardTrendTests
{
    [Fact]
    public void Quarters_are_compared_in_standard_errors()
    {
        // First quarter 1, 3: mean 2, s^2 = 2. Last quarter 6, 10: mean 8, s^2 = 8. sqrt(2/2 + 8/2) = sqrt 5.
        var trend = RewardTrend.Of(Updates(1, 3, 100, -100, 50, 0, 6, 10));
        Assert.Equal(2, trend!.First, 1e-12);
        Assert.Equal(8, trend.Last, 1e-12);
        Assert.Equal(6 / Math.Sqrt(5), trend.StandardErrors, 1e-12);
    }

    [Fact]
    public void Updates_between_whole_quarters_belong_to_the_middle() =>
        Assert.Equal(6 / Math.Sqrt(5), RewardTrend.Of(Updates(1, 3, 7, 7, 7, 7, 7, 7, 7, 6, 10))!.StandardErrors, 1e-12);

    [Fact]
    public void Fewer_than_eight_updates_have_no_trend() => Assert.Null(RewardTrend.Of(Updates(1, 2, 3, 4, 5, 6, 7)));

    private static UpdateMetrics[] Updates(params double[] rewards) =>
        [.. rewards.Select((reward, index) => new UpdateMetrics(index + 1, 64 * (index + 1), index, reward, 1, 0, 0, 1, 0, 0, 1, 1e-3, 30))];
}

using Rlcm.Comparison;
using Xunit;

namespace Rlcm.Tests.Comparison;

public sealed class FirstCrossingTests
{
    private static readonly Curve UpDownUp = new([0, 10, 20, 40], [1, 3, 2, 6]);

    [Theory]
    [InlineData(2, 5)] // half of the first line; the curve comes by again
    [InlineData(3, 10)] // at a point
    [InlineData(4, 30)] // amid the last line
    [InlineData(6, 40)] // at its end
    public void It_is_where_the_straight_line_meets_the_target(double target, double x) => Assert.Equal(new(Crossing.Reached, x), FirstCrossing.Of(UpDownUp, target));

    [Fact]
    public void Out_of_reach_it_is_never() => Assert.Equal(new(Crossing.Never, X: null), FirstCrossing.Of(UpDownUp, 6.001));

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public void A_curve_that_starts_there_has_nothing_to_reach(double target) => Assert.Equal(new(Crossing.NotApplicable, X: null), FirstCrossing.Of(UpDownUp, target));

    [Fact]
    public void A_single_point_reaches_nothing() => Assert.Equal(Crossing.Never, FirstCrossing.Of(new([0], [1]), 2).Kind);

    [Fact]
    public void The_highest_value_is_reached_whatever_the_rounding()
    {
        var curve = new Curve([0, 0.1, 0.3], [-2.5, -1.1, -0.7]);
        Assert.Equal(new(Crossing.Reached, 0.3), FirstCrossing.Of(curve, curve.Highest));
        Assert.Equal(new(Crossing.Reached, 0.3), FirstCrossing.Of(curve.Gain(), curve.Gain().Highest));
    }

    [Fact]
    public void It_reads_as_a_number_never_or_not_applicable() =>
        Assert.Equal(["5", "never", "n/a"], ((double[])[2, 7, 1]).Select(target => FirstCrossing.Of(UpDownUp, target).ToString()));

    [Fact]
    public void What_is_no_curve_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Curve([], []));
        Assert.Throws<ArgumentException>(() => new Curve([0, 1], [1]));
        Assert.Throws<ArgumentException>(() => new Curve([0, 0], [1, 2]));
        Assert.Throws<ArgumentException>(() => new Curve([0, 1], [1, double.NaN]));
    }
}

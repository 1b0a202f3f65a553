using Rlcm.Comparison;
using Xunit;

namespace Rlcm.Tests.Comparison;

/// <summary>Straight lines: A begins at 3 and gains 10 or 5 until x = 2, 7.5 in the mean; B begins at 1 and gains 10 until x = 10.</summary>
public sealed class SpeedUpTests
{
    private static readonly Curve[] Fast = [new([0, 2], [3, 13]), new([0, 2], [3, 8])];
    private static readonly Curve[] Slow = [new([0, 10], [1, 11])];

    [Fact]
    public void By_gain_both_begin_at_zero()
    {
        var half = SpeedUp.OfGain(Fast, Slow, 0.5);
        Assert.Equal((0.5, 5, 5), (half.Share, half.Target, half.B.X!.Value));
        Assert.Equal(4 / 3.0, half.A.X!.Value, 1e-12); // 2 times 5 of 7.5
        Assert.Equal(3.75, half.Ratio!.Value, 1e-12);
        Assert.Equal([5, 2.5], half.SeedRatios);
    }

    [Fact]
    public void Seeds_that_do_not_reach_it_have_no_ratio()
    {
        var most = SpeedUp.OfGain(Fast, Slow, 0.75);
        Assert.Equal(new(Crossing.Reached, 2), most.A);
        Assert.Equal(3.75, most.Ratio);
        Assert.Equal([5, null], most.SeedRatios);
    }

    [Fact]
    public void An_arm_that_does_not_reach_it_has_no_ratio()
    {
        var all = SpeedUp.OfGain(Fast, Slow, 1);
        Assert.Equal((Crossing.Never, new(Crossing.Reached, 10)), (all.A.Kind, all.B));
        Assert.Null(all.Ratio);
        Assert.Equal([5, null], all.SeedRatios); // its first seed alone does
    }

    [Fact]
    public void By_level_what_starts_ahead_stays_ahead()
    {
        var half = SpeedUp.OfLevel(Fast, Slow, 0.5);
        Assert.Equal((6, 5), (half.Target, half.B.X!.Value));
        Assert.Equal(0.8, half.A.X!.Value, 1e-12); // 2 times 3 of 7.5
        Assert.Equal(6.25, half.Ratio!.Value, 1e-12);
        Assert.Equal(11, SpeedUp.OfLevel(Fast, Slow, 1).Target);
    }

    [Fact]
    public void By_level_a_curve_that_starts_above_has_no_place()
    {
        var half = SpeedUp.OfLevel([new([0, 2], [6, 20])], Slow, 0.5);
        Assert.Equal((Crossing.NotApplicable, "n/a"), (half.A.Kind, half.A.ToString()));
        Assert.Null(half.Ratio);
        Assert.Equal([null], half.SeedRatios);
    }

    [Fact]
    public void The_other_way_round_the_gain_is_that_of_the_other()
    {
        var half = SpeedUp.OfGain(Slow, Fast, 0.5);
        Assert.Equal(3.75, half.Target);
        Assert.Equal(new(Crossing.Reached, 1), half.B);
        Assert.Equal(1 / 3.75, half.Ratio!.Value, 1e-12);
    }

    [Fact]
    public void Where_nothing_is_gained_there_is_nothing_to_reach() =>
        Assert.Equal((Crossing.NotApplicable, Crossing.NotApplicable), (SpeedUp.OfGain(Fast, [new([0, 1], [2, 1])], 0.5).A.Kind, SpeedUp.OfGain(Fast, [new([0, 1], [2, 1])], 0.5).B.Kind));

    [Fact]
    public void The_highest_mean_counts_not_the_last() =>
        Assert.Equal(4, SpeedUp.OfGain(Fast, [new([0, 5, 10], [1, 5, 2])], 1).Target);

    [Theory]
    [InlineData(0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Other_shares_are_errors(double share) => Assert.Throws<ArgumentOutOfRangeException>(() => SpeedUp.OfGain(Fast, Slow, share));
}

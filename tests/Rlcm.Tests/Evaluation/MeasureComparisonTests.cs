using Rlcm.Evaluation;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class MeasureComparisonTests
{
    private static readonly Measure Score = new("score", "points", MeasureKind.Reward);

    [Fact]
    public void Prompts_are_the_units_and_of_one_prompt_its_pictures()
    {
        Assert.Equal([2, 6], Of(Score, [1, 3], [5, 7]).Units);
        Assert.Equal([1, 3], Of(Score, [1, 3]).Units);
    }

    [Fact]
    public void Pictures_that_share_their_prompt_do_not_narrow_the_interval()
    {
        var once = MeasureComparison.OfUntuned("untuned", 4, Of(Score, [1], [2], [4], [9]));
        var often = MeasureComparison.OfUntuned("untuned", 4, Of(Score, [1, 1, 1, 1], [2, 2, 2, 2], [4, 4, 4, 4], [9, 9, 9, 9]));
        Assert.Equal(once, often);
        Assert.Null(once.Change);
    }

    [Fact]
    public void A_change_is_that_of_the_pairs()
    {
        // Prompts differ by much, and every one rises by 1 to 3.
        var row = MeasureComparison.Of("small", 4, Of(Score, [101, 103], [13, 13], [52, 54]), Of(Score, [100, 102], [10, 10], [50, 52]));
        Assert.Equal(2, row.Change!.Value.Mean, 1e-12);
        Assert.Equal(new Interval(1, 3), row.Change.Value.Interval); // all three draws the same: 1 of 27
        Assert.True(row.Change.Value.Interval!.Value.ExcludesZero);
        Assert.Equal(56, row.Value.Mean, 1e-12);
        Assert.False(row.IsCollapsed);
    }

    [Fact]
    public void A_change_of_one_prompt_pairs_seeds() =>
        Assert.Equal(new Estimate(3, new(3, 3)), MeasureComparison.Change(Of(Score, [4, 24, 14]), Of(Score, [1, 21, 11])));

    [Fact]
    public void Values_that_are_no_pairs_are_refused()
    {
        Assert.Throws<ArgumentException>(() => MeasureComparison.Change(Of(Score, [1], [2]), Of(Score, [1])));
        Assert.Throws<ArgumentException>(() => MeasureComparison.Change(Of(Score, [1, 2], [2]), Of(Score, [1], [2, 3])));
    }

    [Theory]
    [InlineData(0.9, false)] // of the mean 2
    [InlineData(1.1, true)]
    public void A_diversity_collapses_when_it_falls_by_more_than_half(double fall, bool collapses)
    {
        var untuned = Of(Measure.PixelDiversity, [1], [2], [3]);
        var tuned = Of(Measure.PixelDiversity, [1 - fall], [2 - fall], [3 - fall]);
        Assert.Equal(collapses, MeasureComparison.Of("small", 4, tuned, untuned).IsCollapsed);
    }

    [Theory]
    [InlineData(4.3, false)]
    [InlineData(4.4, true)]
    [InlineData(-9, false)]
    public void A_reward_collapses_when_its_mean_falls_below_the_lowest_decile_of_untuned_pictures(double fall, bool collapses)
    {
        // The mean of 0, 1, ..., 10, 10 is 65 / 12 = 5.42, the lowest decile 1.1, at place 0.1 x 11: a fall of 4.32 between them.
        double[][] untuned = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 10]];
        var row = MeasureComparison.Of("small", 4, Of(Score, [.. untuned.Select(prompt => prompt.Select(value => value - fall).ToArray())]), Of(Score, untuned));
        Assert.Equal(collapses, row.IsCollapsed);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void A_share_collapses_when_it_falls_by_more_than_half(int recognizedOfFour, bool collapses)
    {
        var share = Measure.OfReward("recognized", "share");
        Assert.Equal((MeasureKind.Share, MeasureKind.Reward), (share.Kind, Measure.OfReward("compression", "kB").Kind));
        double[] prompt = [.. Enumerable.Range(0, 4).Select(picture => picture < recognizedOfFour ? 1.0 : 0)];
        var (tuned, untuned) = (Of(share, prompt, prompt), Of(share, [1, 1, 1, 1], [1, 1, 1, 1]));
        Assert.Equal(collapses, MeasureComparison.Of("small", 4, tuned, untuned).IsCollapsed);
    }

    [Fact]
    public void A_fall_by_chance_is_no_collapse()
    {
        // One prompt falls far, the others stay: the change's interval reaches zero.
        var untuned = Of(Score, [5, 5], [5, 5], [5, 5]);
        var tuned = Of(Score, [-50, -50], [5, 5], [5, 5]);
        var row = MeasureComparison.Of("small", 4, tuned, untuned);
        Assert.Equal(0, row.Change!.Value.Interval!.Value.High, 1e-12);
        Assert.False(row.IsCollapsed);
    }

    private static MeasuredValues Of(Measure measure, params double[][] byPrompt) => new(measure, byPrompt);
}

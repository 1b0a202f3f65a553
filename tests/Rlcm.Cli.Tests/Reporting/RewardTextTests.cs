using Rlcm.Cli.Imaging;
using Rlcm.Cli.Reporting;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class RewardTextTests
{
    private static readonly Measure Size = new("compression", "kB", MeasureKind.Reward);
    private static readonly Measure Marks = new("aesthetic", "points", MeasureKind.Reward);

    [Fact]
    public void What_rises_falls_and_stays_is_said_with_its_interval() => Assert.Equal(
        ["small at 4 steps: compression rises by 0.990 kB [0.940, 1.040]; aesthetic falls by 0.50 points [0.30, 0.70]; diversity-pixels does not clearly change, -0.001 [-0.012, 0.010]"],
        RewardText.Changes(Results(
            Row("untuned", Size, -2.5), Row("untuned", Marks, 5), Row("untuned", Measure.PixelDiversity, 0.05),
            Row("small", Size, -1.51, new(0.99, new(0.94, 1.04))), Row("small", Marks, 4.5, new(-0.5, new(-0.7, -0.3))),
            Row("small", Measure.PixelDiversity, 0.049, new(-0.001, new(-0.012, 0.01))))));

    [Fact]
    public void What_collapsed_is_warned_of_with_both_means() => Assert.Equal(
        [
            "small at 4 steps: aesthetic fell from 5.00 to 2.00, below nine of ten untuned pictures: look whether they still show their prompts; train less or with a higher klCoefficient.",
            "small at 4 steps: diversity-pixels fell from 0.050 to 0.020, by more than half: pictures of one prompt are much alike; train less or with a higher klCoefficient.",
        ],
        RewardText.Warnings(Results(
            Row("untuned", Marks, 5), Row("untuned", Measure.PixelDiversity, 0.05),
            Row("small", Marks, 2, new(-3, new(-3.2, -2.8))) with { IsCollapsed = true },
            Row("small", Measure.PixelDiversity, 0.02, new(-0.03, new(-0.045, -0.015))) with { IsCollapsed = true })));

    [Theory]
    [InlineData(0.03, "1.235")] // the interval is +- 0.015
    [InlineData(3, "1.2")]
    [InlineData(40, "1")]
    public void Decimals_show_two_digits_of_the_narrowest_interval(double width, string expected)
    {
        var row = Row("untuned", Size, 1.23456) with { Value = new(1.23456, new(1.23456 - width / 2, 1.23456 + width / 2)) };
        Assert.Equal(expected, new MeasureTable(Size, [row]).Number(1.23456));
    }

    [Fact]
    public void Without_intervals_there_are_four_digits() => Assert.Equal("123.5", new MeasureTable(Size, [Row("untuned", Size, 123.456)]).Number(123.456));

    private static RewardResults Results(params ComparedMeasure[] rows) =>
        new(new("models/emoji-lcm", [], "prompts.txt", 2, 2, 1, 3), rows, ["a cat"], [new PictureColumn("untuned", 4, new ImageBatch(new byte[3], 1, 1, 1))]);

    private static ComparedMeasure Row(string model, Measure measure, double mean, Estimate? change = null) => new(model, 4, measure, new(mean, Interval: null), change, IsCollapsed: false);
}

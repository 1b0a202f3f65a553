using Rlcm.Datasets;
using Xunit;

namespace Rlcm.Tests.Datasets;

public sealed class EmojiNamingTests
{
    [Theory]
    [InlineData("0023-FE0F-20E3", "23-20e3")]
    [InlineData("1F43B-200D-2744-FE0F", "1f43b-200d-2744")]
    [InlineData("00a9", "a9")]
    public void Code_points_have_one_spelling(string spelled, string normalized) => Assert.Equal(normalized, CodePoint.Normalize(spelled));

    [Theory]
    [InlineData("red fox", "flat", "a flat red fox")]
    [InlineData("fox", "3d", "a 3d fox")]
    [InlineData("ant", null, "an ant")]
    [InlineData("ant", "noto", "a noto ant")]
    [InlineData("hourglass done", null, "an hourglass done")]
    [InlineData("unicorn", null, "a unicorn")]
    public void Captions_have_the_right_article(string label, string? style, string caption) => Assert.Equal(caption, Caption.Compose(label, style));

    [Fact]
    public void About_five_percent_of_code_points_are_held_out()
    {
        var held = Enumerable.Range(0x1f300, 2000).Select(code => HeldOutSplit.Of(code.ToString("x"))).Count(split => split == HeldOutSplit.Test);
        Assert.InRange(held, 60, 140);
    }

    [Fact]
    public void The_split_of_a_code_point_never_changes()
    {
        Assert.Equal(HeldOutSplit.Test, HeldOutSplit.Of("1f450"));
        Assert.Equal(HeldOutSplit.Train, HeldOutSplit.Of("1f600"));
    }

    [Fact]
    public void Pictures_of_the_45_animals_are_never_held_out() =>
        Assert.All(AnimalTable.Words.SelectMany(AnimalTable.Codepoints), codepoint => Assert.Equal(HeldOutSplit.Train, HeldOutSplit.Of(codepoint)));
}

using Rlcm.Datasets;
using Xunit;

namespace Rlcm.Tests.Datasets;

public sealed class HeldOutDrawingsTests
{
    [Fact]
    public void Every_animal_lacks_its_main_picture_by_one_vendor()
    {
        foreach (var animal in AnimalTable.Words)
        {
            string[] held = [.. EmojiVendor.All.Select(vendor => vendor.Style).Where(style => HeldOutDrawings.Contains(Record(AnimalTable.Codepoints(animal)[0], style)))];
            Assert.True(held is [_] or ["flat", "3d"], $"{animal}: {string.Join(", ", held)}");
            var (codepoint, drawn) = HeldOutDrawings.Of(animal);
            Assert.Equal(AnimalTable.Codepoints(animal)[0], codepoint);
            Assert.Contains(drawn, held);
        }
    }

    [Fact]
    public void Every_vendor_and_both_of_fluents_styles_are_among_them() => Assert.Equal(
        ["3d", "flat", "noto", "twemoji"], AnimalTable.Words.Select(animal => HeldOutDrawings.Of(animal).Style).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("1f600", "noto")] // a face
    [InlineData("1f431", "noto")] // a cat's face, which is not the cat's main picture
    [InlineData("1f431", "twemoji")]
    public void Nothing_else_is_held_out(string codepoint, string style)
    {
        Assert.False(HeldOutDrawings.Contains(Record(codepoint, style)));
        Assert.False(HeldOutDrawings.Contains(new ImageRecord { FileName = "x.png", Text = "a cat" }));
    }

    private static ImageRecord Record(string codepoint, string style) => new() { FileName = "x.png", Text = "x", Codepoint = codepoint, Style = style };
}

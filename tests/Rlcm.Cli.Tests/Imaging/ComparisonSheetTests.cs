using Rlcm.Cli.Imaging;
using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Cli.Tests.Imaging;

public sealed class ComparisonSheetTests
{
    [Fact]
    public void Pairs_are_enlarged_side_by_side_and_captioned()
    {
        var sheet = ComparisonSheet.Compose("title", Filled(5, red: 200), Filled(5, red: 100), Captions(5), "kB");
        // 4 columns of two 128-pixel pictures, 2 rows
        Assert.Equal((16 + 4 * (260 + 16), 16 + 32 + 2 * (164 + 16)), (sheet.Width, sheet.Height));
        Assert.Equal(200, RedAt(sheet, x: 16 + 64, y: 48 + 18 + 64));
        Assert.Equal(100, RedAt(sheet, x: 16 + 132 + 64, y: 48 + 18 + 64));
        Assert.True(HasInk(sheet, top: 48, height: 18), "the prompt is written above");
        Assert.True(HasInk(sheet, top: 48 + 18 + 128, height: 18), "the reward is written below");
        Assert.True(HasInk(sheet, top: 16, height: 24), "the title is written");
    }

    [Fact]
    public void A_long_prompt_does_not_run_into_its_neighbor()
    {
        var captions = new[] { new ComparisonCaption(new string('m', 200), 1, 2), new ComparisonCaption("", 1, 2) };
        var sheet = ComparisonSheet.Compose(string.Empty, Filled(2, 0), Filled(2, 0), captions, string.Empty);
        var between = Enumerable.Range(16 + 260, 16).SelectMany(x => Enumerable.Range(48, 18).Select(y => RedAt(sheet, x, y)));
        Assert.All(between, red => Assert.Equal(255, red));
    }

    [Fact]
    public void Unequal_halves_are_refused() =>
        Assert.Throws<ArgumentException>(() => ComparisonSheet.Compose("title", Filled(2, 0), Filled(1, 0), Captions(2), "kB"));

    private static ImageBatch Filled(int count, byte red)
    {
        var pixels = new byte[count * 64 * 64 * 3];
        for (var i = 0; i < pixels.Length; i += 3)
            pixels[i] = red;
        return new ImageBatch(pixels, count, 64, 64);
    }

    private static ComparisonCaption[] Captions(int count) => [.. Enumerable.Range(0, count).Select(k => new ComparisonCaption($"a cat {k}", k, k + 1))];

    private static int RedAt(ImageBatch sheet, int x, int y) => sheet.Pixels[(y * sheet.Width + x) * 3];

    private static bool HasInk(ImageBatch sheet, int top, int height) =>
        Enumerable.Range(top, height).Any(y => Enumerable.Range(0, 276).Any(x => RedAt(sheet, x, y) < 50));
}

using Rlcm.Cli.Imaging;
using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Cli.Tests.Imaging;

public sealed class PictureTableTests
{
    private const int Top = 16 + 2 * 18 + 4;

    [Fact]
    public void Columns_of_one_number_of_steps_are_side_by_side()
    {
        var sheet = PictureTable.Compose(["a cat", "a dog"], [Column("untuned", 1, 10), Column("untuned", 4, 20), Column("small", 1, 30), Column("small", 4, 40)]);
        Assert.Equal((Top + 2 * 150 + 16, 16 + 128 + 4 + 128 + 20 + 128 + 4 + 128 + 16), (sheet.Height, sheet.Width));
        int[] lefts = [16, 148, 296, 428];
        Assert.Equal([10, 30, 20, 40], lefts.Select(left => RedAt(sheet, left + 64, Top + 18 + 64)));
        Assert.Equal([11, 31, 21, 41], lefts.Select(left => RedAt(sheet, left + 64, Top + 150 + 18 + 64)));
        Assert.All((int[])[16, 34, Top, Top + 150], top => Assert.True(HasInk(sheet, top), $"something is written at {top}"));
    }

    [Fact]
    public void Large_pictures_are_made_smaller()
    {
        var sheet = PictureTable.Compose(["a cat"], [new("untuned", 1, new ImageBatch(new byte[512 * 1024 * 3], 1, 512, 1024))]);
        Assert.Equal((Top + 18 + 128 + 4 + 16, 16 + 256 + 16), (sheet.Height, sheet.Width));
    }

    [Fact]
    public void A_column_without_its_pictures_is_refused() => Assert.Throws<ArgumentException>(() => PictureTable.Compose(["a cat"], [Column("untuned", 1, 10)]));

    /// <summary>Two pictures of 64x64 whose red is <paramref name="red"/> and one more.</summary>
    private static PictureColumn Column(string model, int steps, byte red)
    {
        var pixels = new byte[2 * 64 * 64 * 3];
        for (var i = 0; i < pixels.Length; i += 3)
            pixels[i] = (byte)(i < pixels.Length / 2 ? red : red + 1);
        return new(model, steps, new(pixels, 2, 64, 64));
    }

    private static int RedAt(ImageBatch sheet, int x, int y) => sheet.Pixels[(y * sheet.Width + x) * 3];

    private static bool HasInk(ImageBatch sheet, int top) => Enumerable.Range(top, 16).Any(y => Enumerable.Range(16, 100).Any(x => RedAt(sheet, x, y) < 90));
}

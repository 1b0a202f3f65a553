using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Tests.Imaging;

public sealed class JpegFileTests
{
    private const int Width = 24;
    private const int Height = 16;

    /// <summary>A horizontal cosine of 20 quantization units at quality 100 is below half a step of quality 10 (55, table K.1) and above those of quality 95 (1).</summary>
    [Fact]
    public void What_is_below_half_a_quantization_step_is_gone()
    {
        var wave = Enumerable.Range(0, Height * Width).Select(i => Gray(128 + 20 * 0.25 * Math.Sqrt(0.5) * Math.Cos((2 * (i % Width % 8) + 1) * Math.PI / 16)));
        var pictures = new ImageBatch([.. wave.SelectMany(level => new[] { level, level, level })], 1, Height, Width);
        Assert.All(JpegFile.RoundTrip(pictures, 10).Pixels, level => Assert.Equal(128, level));
        Assert.All(JpegFile.RoundTrip(pictures, 95).Pixels.Zip(pictures.Pixels), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        Assert.InRange(pictures.Pixels.Max(), 131, 255);
    }

    [Fact]
    public void Every_picture_returns_in_its_place()
    {
        byte[] levels = [10, 200, 90];
        var pictures = new ImageBatch([.. levels.SelectMany(level => Enumerable.Repeat(level, Height * Width * 3))], 3, Height, Width);
        Assert.All(JpegFile.RoundTrip(pictures, 95).Pixels.Zip(pictures.Pixels), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    private static byte Gray(double level) => (byte)Math.Round(level);
}

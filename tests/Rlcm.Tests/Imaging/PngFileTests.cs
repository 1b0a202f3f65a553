using System.Buffers.Binary;
using Rlcm.Imaging;
using Rlcm.Runtime;
using SkiaSharp;
using Xunit;

namespace Rlcm.Tests.Imaging;

public sealed class PngFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_written_picture_is_read_back_byte_for_byte()
    {
        var image = Noise(height: 7, width: 5);
        PngFile.Write(_folder["a.png"], image);
        var read = PngFile.Read(_folder["a.png"]);
        Assert.Equal((1, 7, 5), (read.Count, read.Height, read.Width));
        Assert.Equal(image.Pixels, read.Pixels);
    }

    [Fact]
    public void The_file_is_8_bit_RGB_without_alpha()
    {
        PngFile.Write(_folder["a.png"], Noise(height: 4, width: 6));
        var header = File.ReadAllBytes(_folder["a.png"]).AsSpan(16);
        Assert.Equal((6, 4), (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header[4..])));
        Assert.Equal((8, 2), (header[8], header[9])); // bit depth, color type
    }

    [Fact]
    public void Transparent_parts_lie_over_white()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(2, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        byte[] pixels = [10, 20, 30, 0, 0, 100, 200, 128];
        pixels.CopyTo(bitmap.GetPixelSpan());
        using (var stream = File.Create(_folder["a.png"]))
            bitmap.Encode(SKEncodedImageFormat.Png, 100).SaveTo(stream);
        Assert.Equal([255, 255, 255, 127, 177, 227], PngFile.Read(_folder["a.png"]).Pixels);
    }

    [Fact]
    public void A_batch_of_several_pictures_is_no_file() =>
        Assert.Throws<ArgumentException>(() => PngFile.Write(_folder["a.png"], new ImageBatch(new byte[6], 2, 1, 1)));

    [Fact]
    public void Missing_truncated_and_foreign_files_are_refused_by_name()
    {
        PngFile.Write(_folder["a.png"], Noise(height: 64, width: 64));
        File.WriteAllBytes(_folder["half.png"], File.ReadAllBytes(_folder["a.png"])[..2000]);
        File.WriteAllText(_folder["text.png"], "no picture");
        foreach (var name in (string[])["missing.png", "half.png", "text.png"])
            Assert.Contains(name, Assert.ThrowsAny<UserErrorException>(() => PngFile.Read(_folder[name])).Message, StringComparison.Ordinal);
    }

    private static ImageBatch Noise(int height, int width)
    {
        var pixels = new byte[height * width * 3];
        new Random(1).NextBytes(pixels);
        return new ImageBatch(pixels, 1, height, width);
    }
}

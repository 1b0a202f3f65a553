using System.Buffers.Binary;
using System.IO.Compression;
using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Hostile;

/// <summary>Pictures whose header claims what the file cannot hold, or that are larger than any that is needed.</summary>
public sealed class PictureBoundsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sixty_thousand_pixels_a_side_in_a_hundred_bytes_are_refused() =>
        Refused(Png(60_000, 60_000, rows: 1), "its header claims 60000x60000 pixels, which ");

    [Fact]
    public void A_picture_that_is_as_large_as_it_claims_but_larger_than_is_read_is_refused() =>
        Refused(Png(12_000, 12_000, rows: 12_000), $"it has 12000x12000 pixels, more than the {1 << 27} that are read; scale it down");

    [Fact]
    public void An_even_picture_of_many_pixels_in_few_bytes_is_read()
    {
        File.WriteAllBytes(_folder["a.png"], Png(2100, 2100, rows: 2100));
        Assert.InRange(new FileInfo(_folder["a.png"]).Length, 0, 4000);
        Assert.Equal(2100, PngFile.Read(_folder["a.png"]).Width);
        Assert.Equal(8 * 8 * 3, SquareRaster.Decode(_folder["a.png"], 8).Length);
    }

    [Theory]
    [InlineData("GIF89a")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\"/>")]
    [InlineData("P6 1 1 255 ...")]
    [InlineData("II*\0")]
    [InlineData("RIFF1234AVI ")]
    [InlineData("")]
    public void Formats_that_no_imagefolder_needs_are_refused_unread(string content)
    {
        File.WriteAllText(_folder["a.png"], content);
        Assert.Contains("expected PNG, JPEG or WebP, found something else", Assert.Throws<FileContentException>(() => SquareRaster.Decode(_folder["a.png"], 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_with_options_of_libvips_is_only_a_name()
    {
        File.WriteAllBytes(_folder["a.png"], Png(8, 8, rows: 8));
        File.Move(_folder["a.png"], _folder["a.png[page=3]"]);
        Assert.Equal(8 * 8 * 3, SquareRaster.Decode(_folder["a.png[page=3]"], 8).Length);
    }

    [Theory]
    [InlineData("PNG reader")]
    [InlineData("image folder")]
    public void A_PNG_with_a_changed_byte_is_refused(string reader)
    {
        Func<byte[]> read = reader == "PNG reader"
            ? () => PngFile.Read(_folder["a.png"])[0].ToArray()
            : () => SquareRaster.Decode(_folder["a.png"], 24);
        File.WriteAllBytes(_folder["a.png"], Png(24, 24, rows: 24, Chunk("gAMA"u8, [0, 0, 0xb1, 0x8f]), Chunk("tRNS"u8, [0, 0]))); // black is transparent, thus white
        var whole = File.ReadAllBytes(_folder["a.png"]);
        Assert.All(read(), value => Assert.Equal(255, value));
        foreach (var (place, mask) in Enumerable.Range(0, whole.Length).SelectMany(place => ((byte[])[0x01, 0x10, 0x80]).Select(mask => (place, mask))))
        {
            byte[] changed = [.. whole];
            changed[place] ^= mask;
            File.WriteAllBytes(_folder["a.png"], changed);
            Assert.Throws<FileContentException>(read);
        }
    }

    private void Refused(byte[] png, string expected)
    {
        File.WriteAllBytes(_folder["a.png"], png);
        foreach (var read in (Action<string>[])[path => PngFile.Read(path), path => SquareRaster.Decode(path, 8)])
        {
            var error = Assert.Throws<FileContentException>(() => read(_folder["a.png"]));
            Assert.Equal((_folder["a.png"], "header"), (error.Path, error.Position));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A picture of black pixels of one bit each.</summary>
    private static byte[] Png(int width, int height, int rows, params byte[][] chunks)
    {
        byte[] header = [.. new byte[8], 1, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            var row = new byte[1 + (width + 7) / 8];
            for (var i = 0; i < rows; i++)
                zlib.Write(row);
        }

        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. chunks.SelectMany(chunk => chunk), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> kind, byte[] content)
    {
        var ends = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(ends, content.Length);
        byte[] named = [.. kind, .. content];
        BinaryPrimitives.WriteUInt32BigEndian(ends.AsSpan(4), Checksum(named));
        return [.. ends[..4], .. named, .. ends[4..]];
    }

    // CRC-32, bit by bit.
    private static uint Checksum(byte[] content)
    {
        var checksum = uint.MaxValue;
        foreach (var value in content)
        {
            checksum ^= value;
            for (var bit = 0; bit < 8; bit++)
                checksum = (checksum >> 1) ^ ((checksum & 1) * 0xedb88320);
        }

        return ~checksum;
    }
}

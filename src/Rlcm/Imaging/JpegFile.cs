using NetVips;

namespace Rlcm.Imaging;

/// <summary>Baseline JPEG by libjpeg-turbo through libvips: 4:2:0 subsampling, standard Huffman tables, no metadata.</summary>
public static class JpegFile
{
    static JpegFile()
    {
        // Pictures are encoded in parallel, each on one thread; none is encoded twice.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
    }

    /// <summary>The file of one picture.</summary>
    /// <param name="rgb">[H, W, 3], 0..255.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="quality">1..100.</param>
    /// <exception cref="ArgumentException">The buffer's length is not H*W*3.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> rgb, int height, int width, int quality)
    {
        if (rgb.IsEmpty || rgb.Length != (long)height * width * 3)
            throw new ArgumentException($"Expected {height}x{width}x3 bytes, found {rgb.Length}.", nameof(rgb));

        using var image = Image.NewFromMemoryCopy(rgb, width, height, 3, Enums.BandFormat.Uchar);
        using var colored = image.Copy(interpretation: Enums.Interpretation.Srgb);
        return colored.JpegsaveBuffer(q: quality, subsampleMode: Enums.ForeignSubsample.On, keep: Enums.ForeignKeep.None);
    }

    /// <summary>What a file of <see cref="Encode"/> shows, [H, W, 3], 0..255.</summary>
    public static byte[] Decode(byte[] file)
    {
        using var image = Image.JpegloadBuffer(file);
        return image.WriteToMemory<byte>();
    }

    /// <summary>Pictures as they come back from files of <paramref name="quality"/>.</summary>
    public static ImageBatch RoundTrip(ImageBatch pictures, int quality)
    {
        var pixels = new byte[pictures.Pixels.Length];
        var size = pictures.Height * pictures.Width * 3;
        Parallel.For(0, pictures.Count, index => Decode(Encode(pictures[index], pictures.Height, pictures.Width, quality)).CopyTo(pixels.AsSpan(index * size)));
        return new(pixels, pictures.Count, pictures.Height, pictures.Width);
    }
}

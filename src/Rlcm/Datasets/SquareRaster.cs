using NetVips;

namespace Rlcm.Datasets;

/// <summary>Decodes a picture file of any format that libvips knows to a square of 8-bit RGB on white.</summary>
internal static class SquareRaster
{
    private static readonly double[] White = [255, 255, 255];
    private static readonly string[] VectorFormats = [".svg", ".svgz"];

    // libvips writes warnings to stderr about damaged files, which it reports as errors as well.
    private static readonly uint SilencedWarnings = Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { });

    /// <summary>Vector pictures are drawn this many times larger and shrunk with the same filter as the others.</summary>
    private const int Oversampling = 4;

    /// <summary>The picture fitted into <paramref name="size"/> x <paramref name="size"/> and centered on white, [size, size, 3].</summary>
    /// <exception cref="VipsException">The file cannot be decoded.</exception>
    public static byte[] Decode(string path, int size)
    {
        using var picture = Fit(path, size);
        using var rgb = picture.Colourspace(Enums.Interpretation.Srgb);
        using var opaque = rgb.HasAlpha() ? rgb.Flatten(background: White) : rgb.Copy();
        using var bytes = opaque.Cast(Enums.BandFormat.Uchar);
        if (bytes.Width == size && bytes.Height == size)
            return bytes.WriteToMemory<byte>();
        using var square = bytes.Gravity(Enums.CompassDirection.Centre, size, size, extend: Enums.Extend.White);
        return square.WriteToMemory<byte>();
    }

    /// <summary>Writes [size, size, 3] bytes as a PNG.</summary>
    public static void WritePng(string path, byte[] pixels, int size)
    {
        using var picture = Image.NewFromMemory(pixels, size, size, 3, Enums.BandFormat.Uchar);
        using var rgb = picture.Copy(interpretation: Enums.Interpretation.Srgb);
        rgb.Pngsave(path, compression: 9, keep: Enums.ForeignKeep.None);
    }

    private static Image Fit(string path, int size)
    {
        if (VectorFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            using var large = Image.Thumbnail(path, size * Oversampling, height: size * Oversampling);
            return large.ThumbnailImage(size, height: size);
        }

        var picture = Image.NewFromFile(path, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);
        if (picture.Width == size && picture.Height == size)
            return picture;
        picture.Dispose();
        return Image.Thumbnail(path, size, height: size, failOn: Enums.FailOn.Error);
    }
}

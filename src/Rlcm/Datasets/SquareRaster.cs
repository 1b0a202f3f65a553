using NetVips;

namespace Rlcm.Datasets;

/// <summary>Decodes a picture file of any format that libvips knows to a square of 8-bit RGB on white.</summary>
internal static class SquareRaster
{
    private static readonly double[] White = [255, 255, 255];
    private static readonly string[] VectorFormats = [".svg", ".svgz"];

    /// <summary>Vector pictures are drawn this many times larger and shrunk with the same filter as the others.</summary>
    private const int Oversampling = 4;

    /// <summary>The picture fitted into <paramref name="size"/> x <paramref name="size"/> and centered on white, [size, size, 3].</summary>
    /// <exception cref="VipsException">The file cannot be decoded.</exception>
    public static byte[] Decode(string path, int size)
    {
        using var picture = VectorFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) ? DrawVector(path, size) : Image.Thumbnail(path, size, height: size);
        using var rgb = picture.Colourspace(Enums.Interpretation.Srgb);
        using var opaque = rgb.HasAlpha() ? rgb.Flatten(background: White) : rgb.Copy();
        using var square = opaque.Gravity(Enums.CompassDirection.Centre, size, size, extend: Enums.Extend.White);
        using var bytes = square.Cast(Enums.BandFormat.Uchar);
        return bytes.WriteToMemory<byte>();
    }

    /// <summary>Writes [size, size, 3] bytes as a PNG.</summary>
    public static void WritePng(string path, byte[] pixels, int size)
    {
        using var picture = Image.NewFromMemory(pixels, size, size, 3, Enums.BandFormat.Uchar);
        using var rgb = picture.Copy(interpretation: Enums.Interpretation.Srgb);
        rgb.Pngsave(path, compression: 9, keep: Enums.ForeignKeep.None);
    }

    private static Image DrawVector(string path, int size)
    {
        using var large = Image.Thumbnail(path, size * Oversampling, height: size * Oversampling);
        return large.ThumbnailImage(size, height: size);
    }
}

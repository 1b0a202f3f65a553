using NetVips;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Datasets;

/// <summary>Decodes a picture file to a square of 8-bit RGB on white: PNG, JPEG and WebP, and drawings (SVG) where they are asked for.</summary>
/// <remarks>libvips knows more formats, by the first bytes of a file; their readers are not all made for files of strangers.</remarks>
internal static class SquareRaster
{
    private static readonly double[] White = [255, 255, 255];
    private static readonly string[] VectorFormats = [".svg", ".svgz"];

    private const int WebPAt = 8; // behind RIFF and a length

    // libvips writes warnings to stderr about damaged files, which it reports as errors as well.
    private static readonly uint SilencedWarnings = Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { });

    /// <summary>Vector pictures are drawn this many times larger and shrunk with the same filter as the others.</summary>
    private const int Oversampling = 4;

    /// <summary>The picture fitted into <paramref name="size"/> x <paramref name="size"/> and centered on white, [size, size, 3].</summary>
    /// <param name="path">A picture.</param>
    /// <param name="size">Width and height.</param>
    /// <exception cref="UserErrorException">The file cannot be read.</exception>
    /// <exception cref="FileContentException">It cannot be decoded, or would take more memory than a file of its size may.</exception>
    public static byte[] Decode(string path, int size) => Decode(path, () => OnWhite(Fit(UserFile.Read(path), path, size), size));

    /// <summary>As <see cref="Decode(string, int)"/>, where a drawing, told by its name, is drawn.</summary>
    public static byte[] DecodeOrDraw(string path, int size) => VectorFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
        ? Decode(path, () => OnWhite(Draw(path, size), size))
        : Decode(path, size);

    private static byte[] Decode(string path, Func<byte[]> decode)
    {
        try
        {
            return decode();
        }
        catch (VipsException error)
        {
            throw new FileContentException(path, null, $"Cannot decode the picture {path}: {LastLine(error.Message)}; replace the file.", error);
        }
    }

    private static byte[] OnWhite(Image fitted, int size)
    {
        using var picture = fitted;
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

    private static Image Draw(string path, int size)
    {
        using var large = Image.Thumbnail(path, size * Oversampling, height: size * Oversampling);
        return large.ThumbnailImage(size, height: size);
    }

    private static Image Fit(byte[] bytes, string path, int size)
    {
        if (!IsKnown(bytes))
            throw new FileContentException(path, "offset 0", $"Cannot decode the picture {path}: expected PNG, JPEG or WebP, found something else; replace the file.");
        var picture = Image.NewFromBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);
        if (picture.Width == size && picture.Height == size)
            return picture;
        using (picture)
        {
            if (PictureLimits.Refusal(picture.Width, picture.Height, bytes.Length) is { } refusal)
                throw new FileContentException(path, "header", $"Cannot decode the picture {path}: {refusal}; replace the file.");
        }

        return Image.ThumbnailBuffer(bytes, size, height: size, failOn: Enums.FailOn.Error);
    }

    private static bool IsKnown(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x89, .. "PNG"u8])
        || bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff])
        || (bytes.StartsWith("RIFF"u8) && bytes.Length > WebPAt && bytes[WebPAt..].StartsWith("WEBP"u8));

    private static string LastLine(string message) => message.Trim().Split('\n')[^1].Trim();
}

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

    /// <summary>Vector pictures are drawn this many times larger and shrunk with the same filter as the others.</summary>
    private const int Oversampling = 4;

    // In a constructor, so that it comes before the first call: libvips writes warnings about damaged files to stderr, and reports them as errors as well.
    static SquareRaster() => Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { });

    /// <summary>The picture fitted into <paramref name="size"/> x <paramref name="size"/> and centered on white, [size, size, 3].</summary>
    /// <param name="path">A picture.</param>
    /// <param name="size">Width and height.</param>
    /// <exception cref="FileContentException">It cannot be read or decoded, or would take more memory than a file of its size may.</exception>
    public static byte[] Decode(string path, int size) =>
        TryDecode(path, size, out var problem) ?? throw new FileContentException(path, problem.Position, $"Cannot decode the picture {path}: {problem.Reason}; replace the file.");

    /// <summary>As <see cref="Decode"/>; null where it cannot be read or decoded, with the reason.</summary>
    public static byte[]? TryDecode(string path, int size, out PictureProblem problem)
    {
        try
        {
            var bytes = UserFile.Read(path);
            return Refuse(bytes, size, out problem) ? null : OnWhite(Fit(bytes, size), size);
        }
        catch (VipsException error)
        {
            problem = new(Reason(error));
            return null;
        }
        catch (UserErrorException error) // several may be unreadable, and all are to be listed
        {
            problem = new(error.InnerException?.Message.TrimEnd('.') ?? error.Message);
            return null;
        }
    }

    /// <summary>The last of libvips's lines that says more than what was not possible; all threads write them into one text.</summary>
    private static string Reason(VipsException error) => error.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .LastOrDefault(line => !line.StartsWith("unable to ", StringComparison.Ordinal)) ?? "its data are damaged";

    /// <summary>As <see cref="Decode"/>, where a drawing, told by its name, is drawn.</summary>
    /// <exception cref="VipsException">A drawing cannot be drawn.</exception>
    public static byte[] DecodeOrDraw(string path, int size) =>
        VectorFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) ? OnWhite(Draw(path, size), size) : Decode(path, size);

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

    private static bool Refuse(byte[] bytes, int size, out PictureProblem problem)
    {
        problem = default;
        if (!IsKnown(bytes))
        {
            problem = new("expected PNG, JPEG or WebP, found something else", "offset 0");
            return true;
        }

        if (PngChunks.IsPng(bytes) && PngChunks.Damage(bytes) is { } damage)
        {
            problem = new(damage.Reason, $"offset {damage.Offset}");
            return true;
        }

        using var header = Open(bytes);
        if ((header.Width, header.Height) == (size, size) || PictureLimits.Refusal(header.Width, header.Height, bytes.Length) is not { } refusal)
            return false;
        problem = new(refusal, "header");
        return true;
    }

    private static Image Fit(byte[] bytes, int size)
    {
        var picture = Open(bytes);
        if (picture.Width == size && picture.Height == size)
            return picture;
        picture.Dispose();
        return Image.ThumbnailBuffer(bytes, size, height: size, failOn: Enums.FailOn.Error);
    }

    /// <summary>Reads the header; pixels are decoded when they are asked for.</summary>
    private static Image Open(byte[] bytes) => Image.NewFromBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);

    private static bool IsKnown(ReadOnlySpan<byte> bytes) => PngChunks.IsPng(bytes)
        || bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff])
        || (bytes.StartsWith("RIFF"u8) && bytes.Length > WebPAt && bytes[WebPAt..].StartsWith("WEBP"u8));
}

/// <summary>What is wrong with a picture.</summary>
/// <param name="Reason">The reason, as the middle of a sentence.</param>
/// <param name="Position">Where in the file, if that is known.</param>
internal readonly record struct PictureProblem(string Reason, string? Position = null);

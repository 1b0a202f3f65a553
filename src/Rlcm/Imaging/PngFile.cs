using Rlcm.Runtime;
using SkiaSharp;

namespace Rlcm.Imaging;

/// <summary>Single pictures as 8-bit RGB PNG files.</summary>
public static class PngFile
{
    /// <summary>Writes the one picture of <paramref name="image"/>; the file appears whole or not at all.</summary>
    /// <exception cref="ArgumentException">The batch does not hold exactly one picture.</exception>
    public static void Write(string path, ImageBatch image)
    {
        if (image.Count != 1)
            throw new ArgumentException($"A PNG file holds one picture, found {image.Count}: compose a grid first.", nameof(image));
        using var bitmap = SkiaPixels.ToBitmap(image, 0);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, data.SaveTo);
    }

    /// <summary>Reads a picture, [1, H, W, 3]; transparent parts are laid over white.</summary>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    /// <exception cref="FileContentException">It is truncated, no PNG, or larger than what is read.</exception>
    public static ImageBatch Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"Cannot find the picture {path}; check the path.");
        var bytes = UserFile.Read(path);
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data);
        if (codec?.EncodedFormat != SKEncodedImageFormat.Png)
            throw new FileContentException(path, "offset 0", $"Cannot read {path}: expected a PNG picture, found something else; replace the file.");
        if (PngChunks.Damage(bytes) is { } damage)
            throw new FileContentException(path, $"offset {damage.Offset}", $"Cannot read {path}: {damage.Reason}; replace the file.");
        if (PictureLimits.Refusal(codec.Info.Width, codec.Info.Height, bytes.Length) is { } refusal)
            throw new FileContentException(path, "header", $"Cannot read {path}: {refusal}; replace the file.");
        using var decoded = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        var result = codec.GetPixels(decoded.Info, decoded.GetPixels());
        if (result != SKCodecResult.Success)
            throw new FileContentException(path, null, $"Cannot read {path}: the picture is damaged ({result}); replace the file.");
        return SkiaPixels.ToImage(decoded);
    }
}

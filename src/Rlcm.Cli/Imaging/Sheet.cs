using Rlcm.Cli.Fonts;
using Rlcm.Imaging;
using SkiaSharp;

namespace Rlcm.Cli.Imaging;

/// <summary>A white sheet on which pictures are put and captions written.</summary>
internal sealed class Sheet : IDisposable
{
    private readonly SKBitmap _bitmap;
    private readonly SKCanvas _canvas;

    /// <summary>An empty sheet.</summary>
    public Sheet(int width, int height)
    {
        _bitmap = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        _canvas = new(_bitmap);
        _canvas.Clear(SKColors.White);
    }

    /// <summary>Width in pixels.</summary>
    public int Width => _bitmap.Width;

    /// <summary>Puts picture <paramref name="index"/> at <paramref name="place"/>; enlarged, its pixels stay squares.</summary>
    public void Paint(ImageBatch images, int index, SKRect place)
    {
        using var bitmap = SkiaPixels.ToBitmap(images, index);
        using var image = SKImage.FromBitmap(bitmap);
        var sampling = place.Width < images.Width ? new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear) : new SKSamplingOptions(SKFilterMode.Nearest);
        _canvas.DrawImage(image, place, sampling);
    }

    /// <summary>Writes as much of <paramref name="text"/> as fits into <paramref name="width"/> pixels.</summary>
    public void Write(string text, float x, float baseline, float size, float width)
    {
        using var font = new SKFont(EmbeddedFont.Typeface, size);
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        _canvas.DrawText(Shorten(text, font, width), x, baseline, SKTextAlign.Left, font, paint);
    }

    /// <summary>What is on the sheet, [1, H, W, 3].</summary>
    public ImageBatch ToImage() => SkiaPixels.ToImage(_bitmap);

    /// <inheritdoc/>
    public void Dispose()
    {
        _canvas.Dispose();
        _bitmap.Dispose();
    }

    private static string Shorten(string text, SKFont font, float width)
    {
        if (font.MeasureText(text) <= width)
            return text;
        var length = text.Length;
        while (length > 0 && font.MeasureText(text[..length] + "…") > width)
            length--;
        return text[..length].TrimEnd() + "…";
    }
}

using System.Globalization;
using Rlcm.Cli.Fonts;
using Rlcm.Imaging;
using SkiaSharp;

namespace Rlcm.Cli.Imaging;

/// <summary>A pair of pictures of one prompt and seed.</summary>
/// <param name="Prompt">The prompt, written above the pair.</param>
/// <param name="Before">Reward of the left picture, written below it.</param>
/// <param name="After">Reward of the right picture, written below it.</param>
internal sealed record ComparisonCaption(string Prompt, double Before, double After);

/// <summary>A sheet for people: pairs of pictures before and after training, captioned with prompt and reward.</summary>
internal static class ComparisonSheet
{
    private const int ShownSize = 128;
    private const int PairsPerRow = 4;
    private const int Margin = 16;
    private const int Gap = 4;
    private const int LineHeight = 18;
    private const float TextSize = 14;
    private const float TitleSize = 18;
    private const int TitleHeight = 32;

    /// <summary>Draws the sheet.</summary>
    /// <param name="title">First line of the sheet.</param>
    /// <param name="before">[N, H, W, 3]; pictures under 128 pixels are enlarged by a whole factor.</param>
    /// <param name="after">[N, H, W, 3], paired by index.</param>
    /// <param name="captions">N captions.</param>
    /// <param name="unit">Unit of the rewards, or empty.</param>
    /// <returns>[1, H', W', 3].</returns>
    public static ImageBatch Compose(string title, ImageBatch before, ImageBatch after, IReadOnlyList<ComparisonCaption> captions, string unit)
    {
        if (before.Count != captions.Count || after.Count != captions.Count || before.Height != after.Height || before.Width != after.Width)
            throw new ArgumentException($"Expected {captions.Count} pairs of pictures of one size, found {before.Count} and {after.Count}.", nameof(captions));

        var scale = Math.Max(1, ShownSize / Math.Max(before.Width, before.Height));
        var picture = new SKSizeI(before.Width * scale, before.Height * scale);
        var pair = new SKSizeI(2 * picture.Width + Gap, picture.Height + 2 * LineHeight);
        var columns = Math.Min(PairsPerRow, captions.Count);
        var rows = (captions.Count + columns - 1) / columns;
        using var bitmap = new SKBitmap(new SKImageInfo(
            Margin + columns * (pair.Width + Margin), Margin + TitleHeight + rows * (pair.Height + Margin), SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        Write(canvas, title, Margin, Margin + TitleSize, TitleSize, bitmap.Width - 2 * Margin);
        for (var k = 0; k < captions.Count; k++)
        {
            var left = Margin + k % columns * (pair.Width + Margin);
            var top = Margin + TitleHeight + k / columns * (pair.Height + Margin);
            var right = left + picture.Width + Gap;
            Write(canvas, captions[k].Prompt, left, top + TextSize, TextSize, pair.Width);
            Paint(canvas, before, k, SKRect.Create(left, top + LineHeight, picture.Width, picture.Height));
            Paint(canvas, after, k, SKRect.Create(right, top + LineHeight, picture.Width, picture.Height));
            Write(canvas, Reward(captions[k].Before, unit), left, top + LineHeight + picture.Height + TextSize, TextSize, picture.Width);
            Write(canvas, Reward(captions[k].After, unit), right, top + LineHeight + picture.Height + TextSize, TextSize, picture.Width);
        }

        return SkiaPixels.ToImage(bitmap);
    }

    private static string Reward(double value, string unit) => $"{value.ToString("0.000", CultureInfo.InvariantCulture)} {unit}".TrimEnd();

    private static void Paint(SKCanvas canvas, ImageBatch images, int index, SKRect place)
    {
        using var bitmap = SkiaPixels.ToBitmap(images, index);
        using var image = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(image, place, new SKSamplingOptions(SKFilterMode.Nearest));
    }

    private static void Write(SKCanvas canvas, string text, float x, float baseline, float size, float width)
    {
        using var font = new SKFont(EmbeddedFont.Typeface, size);
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        canvas.DrawText(Shorten(text, font, width), x, baseline, SKTextAlign.Left, font, paint);
    }

    /// <summary>As much of <paramref name="text"/> as fits into <paramref name="width"/> pixels.</summary>
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

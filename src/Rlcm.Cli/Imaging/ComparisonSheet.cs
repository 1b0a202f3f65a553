using System.Globalization;
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
        using var sheet = new Sheet(Margin + columns * (pair.Width + Margin), Margin + TitleHeight + rows * (pair.Height + Margin));
        sheet.Write(title, Margin, Margin + TitleSize, TitleSize, sheet.Width - 2 * Margin);
        for (var k = 0; k < captions.Count; k++)
        {
            var left = Margin + k % columns * (pair.Width + Margin);
            var top = Margin + TitleHeight + k / columns * (pair.Height + Margin);
            var right = left + picture.Width + Gap;
            sheet.Write(captions[k].Prompt, left, top + TextSize, TextSize, pair.Width);
            sheet.Paint(before, k, SKRect.Create(left, top + LineHeight, picture.Width, picture.Height));
            sheet.Paint(after, k, SKRect.Create(right, top + LineHeight, picture.Width, picture.Height));
            sheet.Write(Reward(captions[k].Before, unit), left, top + LineHeight + picture.Height + TextSize, TextSize, picture.Width);
            sheet.Write(Reward(captions[k].After, unit), right, top + LineHeight + picture.Height + TextSize, TextSize, picture.Width);
        }

        return sheet.ToImage();
    }

    private static string Reward(double value, string unit) => $"{value.ToString("0.000", CultureInfo.InvariantCulture)} {unit}".TrimEnd();
}

using Rlcm.Imaging;
using SkiaSharp;

namespace Rlcm.Cli.Imaging;

/// <summary>A column of a table of pictures.</summary>
/// <param name="Model">What drew them.</param>
/// <param name="Steps">Steps per picture.</param>
/// <param name="Pictures">One for each row.</param>
internal sealed record PictureColumn(string Model, int Steps, ImageBatch Pictures);

/// <summary>A table for people: a row for each prompt, a column for each model at each number of steps, all of one seed in a row.</summary>
internal static class PictureTable
{
    private const int LeastSize = 128;
    private const int MostSize = 256;
    private const int Margin = 16;
    private const int Gap = 4;
    private const int GroupGap = 20;
    private const int LineHeight = 18;
    private const float TextSize = 14;

    /// <summary>Draws the table, columns of one number of steps side by side.</summary>
    /// <param name="prompts">Written above the rows.</param>
    /// <param name="columns">At least one, all of as many pictures as there are prompts.</param>
    /// <returns>[1, H, W, 3]; pictures under 128 pixels are enlarged by a whole factor, those above 256 made smaller.</returns>
    /// <exception cref="ArgumentException">A column has another number of pictures.</exception>
    public static ImageBatch Compose(IReadOnlyList<string> prompts, IReadOnlyList<PictureColumn> columns)
    {
        if (columns.Any(column => column.Pictures.Count != prompts.Count))
            throw new ArgumentException($"Expected {prompts.Count} pictures in every column.", nameof(columns));
        PictureColumn[][] groups = [.. columns.GroupBy(column => column.Steps).Select(group => group.ToArray())];
        var size = Size(columns[0].Pictures);
        var rowHeight = LineHeight + size.Height + Gap;
        var header = Margin + 2 * LineHeight + Gap;
        using var sheet = new Sheet(
            2 * Margin + columns.Count * (size.Width + Gap) - Gap + (groups.Length - 1) * (GroupGap - Gap), header + prompts.Count * rowHeight + Margin);
        for (var row = 0; row < prompts.Count; row++)
            sheet.Write(prompts[row], Margin, header + row * rowHeight + TextSize, TextSize, sheet.Width - 2 * Margin);
        var left = Margin;
        foreach (var group in groups)
        {
            sheet.Write(group[0].Steps == 1 ? "1 step" : $"{group[0].Steps} steps", left, Margin + TextSize, TextSize, group.Length * (size.Width + Gap));
            foreach (var column in group)
            {
                sheet.Write(column.Model, left, Margin + LineHeight + TextSize, TextSize, size.Width);
                for (var row = 0; row < prompts.Count; row++)
                    sheet.Paint(column.Pictures, row, SKRect.Create(left, header + row * rowHeight + LineHeight, size.Width, size.Height));
                left += size.Width + Gap;
            }

            left += GroupGap - Gap;
        }

        return sheet.ToImage();
    }

    private static SKSizeI Size(ImageBatch pictures)
    {
        var largest = Math.Max(pictures.Width, pictures.Height);
        if (largest > MostSize)
            return new(pictures.Width * MostSize / largest, pictures.Height * MostSize / largest);
        var scale = Math.Max(1, LeastSize / largest);
        return new(pictures.Width * scale, pictures.Height * scale);
    }
}

using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlcm.Cli.Reporting;

/// <summary>A line of a <see cref="LetterChart"/>.</summary>
/// <param name="Letter">The letter at its points.</param>
/// <param name="Color">Its color, where there are colors.</param>
/// <param name="Points">By x.</param>
internal sealed record ChartLine(char Letter, Color Color, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Lines in letters for a terminal or a pipe: the points of a line are its letter, dots lead from one to the next; where points of several lines meet there is a star.</summary>
internal static class LetterChart
{
    private const int Height = 15;
    private const int RowsOfTick = 4;
    private const int ColumnsOfTick = 14;
    private const char Dot = '·';
    private const char Several = '*';

    /// <summary>Draws at least one line of at least one point, from x = 0.</summary>
    /// <param name="lines">The lines; the first ones are in front.</param>
    /// <param name="axis">What the horizontal axis is called.</param>
    /// <param name="width">Letters of a row at most.</param>
    public static IRenderable Draw(IReadOnlyList<ChartLine> lines, string axis, int width)
    {
        (double X, double Y)[] points = [.. lines.SelectMany(line => line.Points)];
        var ticks = AxisTicks.Around(points.Min(point => point.Y), points.Max(point => point.Y), (Height - 1) / RowsOfTick);
        string[] labels = Labels(ticks);
        var margin = labels.Max(label => label.Length);
        var columns = Math.Max(width - margin - 2, ColumnsOfTick); // a blank and the axis
        var farthest = points.Max(point => point.X) is var x and > 0 ? x : 1;
        var cells = Cells(lines, point => (Place(point.X, 0, farthest, columns), Row(point.Y, ticks)), columns);

        var chart = new Paragraph();
        for (var row = 0; row < Height; row++)
        {
            chart.Append($"{labels[row].PadLeft(margin)} {(labels[row].Length > 0 ? '┤' : '│')}");
            for (var column = 0; column < columns; column++)
                chart.Append($"{cells[row, column].Letter}", new Style(cells[row, column].Color));
            chart.Append("\n");
        }

        var (edge, numbers) = Below(farthest, columns);
        var indent = new string(' ', margin + 1);
        return chart.Append($"{indent}└{edge}\n{indent} {numbers}\n{indent} {axis}\n");
    }

    private static (char Letter, Color? Color)[,] Cells(IReadOnlyList<ChartLine> lines, Func<(double X, double Y), (int Column, int Row)> place, int columns)
    {
        var cells = new (char Letter, Color? Color)[Height, columns];
        for (var row = 0; row < Height; row++)
        {
            for (var column = 0; column < columns; column++)
                cells[row, column] = (' ', null);
        }

        foreach (var line in lines)
        {
            foreach (var (column, row) in line.Points.Select(place))
            {
                var letter = cells[row, column].Letter;
                cells[row, column] = letter == ' ' || letter == line.Letter ? (line.Letter, line.Color) : (Several, null);
            }
        }

        foreach (var line in lines)
        {
            (int Column, int Row)[] places = [.. line.Points.Select(place)];
            foreach (var (column, row) in places.Zip(places.Skip(1)).SelectMany(pair => Between(pair.First, pair.Second)).Where(cell => cells[cell.Row, cell.Column].Letter == ' '))
                cells[row, column] = (Dot, line.Color);
        }

        return cells;
    }

    /// <summary>The cells of a straight line without its ends.</summary>
    private static IEnumerable<(int Column, int Row)> Between((int Column, int Row) from, (int Column, int Row) to)
    {
        var (columns, rows) = (to.Column - from.Column, to.Row - from.Row);
        var steps = Math.Max(Math.Abs(columns), Math.Abs(rows));
        return Enumerable.Range(1, Math.Max(0, steps - 1)).Select(step => (from.Column + Nearest(columns * (double)step / steps), from.Row + Nearest(rows * (double)step / steps)));
    }

    private static string[] Labels(AxisTicks ticks)
    {
        string[] labels = [.. Enumerable.Repeat(string.Empty, Height)];
        foreach (var tick in ticks.All)
            labels[Row(tick, ticks)] = ticks.Text(tick);
        return labels;
    }

    /// <summary>The line below with its marks, and the numbers below these.</summary>
    private static (string Edge, string Numbers) Below(double farthest, int columns)
    {
        char[] edge = [.. Enumerable.Repeat('─', columns)];
        char[] numbers = [.. Enumerable.Repeat(' ', columns)];
        var ticks = AxisTicks.UpTo(farthest, Math.Max(1, columns / ColumnsOfTick));
        foreach (var tick in ticks.All)
        {
            var column = Place(tick, 0, farthest, columns);
            var text = ticks.Text(tick);
            edge[column] = '┴';
            text.CopyTo(numbers.AsSpan(Math.Clamp(column - text.Length / 2, 0, columns - text.Length)));
        }

        return (new(edge), new string(numbers).TrimEnd());
    }

    private static int Row(double value, AxisTicks ticks) => Height - 1 - Place(value, ticks.Low, ticks.High, Height);

    /// <summary>The cell of a value; one of the outermost where it is beyond them.</summary>
    private static int Place(double value, double low, double high, int cells) => Math.Clamp(Nearest((value - low) / (high - low) * (cells - 1)), 0, cells - 1);

    private static int Nearest(double value) => (int)Math.Round(value, MidpointRounding.AwayFromZero);
}

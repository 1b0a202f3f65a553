using System.Globalization;
using Rlcm.Cli.Plots;
using Rlcm.Evaluation;
using ScottPlot;

namespace Rlcm.Cli.Reproduction;

/// <summary>A line of a figure.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Color">Number of its color.</param>
/// <param name="Dashed">Whether it is drawn dashed.</param>
/// <param name="Points">Places and means.</param>
internal sealed record PlottedLine(string Name, int Color, bool Dashed, IReadOnlyList<(double X, Estimate Y)> Points);

/// <summary>A value of a figure without an axis of numbers.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Color">Number of its color.</param>
/// <param name="Value">Mean and interval.</param>
internal sealed record PlottedValue(string Name, int Color, Estimate Value);

/// <summary>The forms that the plots of a report have.</summary>
internal static class StudyPlots
{
    private const double Faint = 0.2;
    private static readonly ScottPlot.Palettes.Category10 Palette = new();

    /// <summary>Lines with bands where there are intervals.</summary>
    public static void Bands(string path, string title, string x, string y, IEnumerable<PlottedLine> lines)
    {
        using var figure = new Figure(title, x, y);
        foreach (var line in lines)
        {
            (double X, Estimate Y)[] banded = [.. line.Points.Where(point => point.Y.Interval is not null)];
            if (banded.Length > 1)
            {
                var band = figure.Plot.Add.FillY([.. banded.Select(point => point.X)], [.. banded.Select(point => point.Y.Interval!.Value.Low)], [.. banded.Select(point => point.Y.Interval!.Value.High)]);
                (band.FillColor, band.LineWidth) = (Palette.GetColor(line.Color).WithAlpha(Faint), 0);
            }

            Add(figure, line, [.. line.Points.Select(point => point.X)]);
        }

        figure.Plot.ShowLegend(Edge.Bottom);
        figure.Save(path);
    }

    /// <summary>Lines over numbers that double, such as steps, or over times; intervals as bars.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="title">Its title.</param>
    /// <param name="x">Name of the axis.</param>
    /// <param name="y">Name of the axis.</param>
    /// <param name="lines">The lines; all places are above 0.</param>
    public static void Doublings(string path, string title, string x, string y, IReadOnlyList<PlottedLine> lines)
    {
        using var figure = new Figure(title, x, y);
        foreach (var line in lines)
        {
            double[] places = [.. line.Points.Select(point => Math.Log2(point.X))];
            Add(figure, line, places);
            foreach (var (place, point) in places.Zip(line.Points))
                AddInterval(figure, place, point.Y, line.Color);
        }

        var (low, high) = (lines.SelectMany(line => line.Points).Min(point => point.X), lines.SelectMany(line => line.Points).Max(point => point.X));
        double[] ticks = [.. Enumerable.Range((int)Math.Floor(Math.Log2(low)), (int)Math.Ceiling(Math.Log2(high)) - (int)Math.Floor(Math.Log2(low)) + 1).Select(power => (double)power)];
        figure.Plot.Axes.Bottom.SetTicks(ticks, [.. ticks.Select(power => Math.Pow(2, power).ToString("0.####", CultureInfo.InvariantCulture))]);
        figure.Plot.ShowLegend(Edge.Bottom);
        figure.Save(path);
    }

    /// <summary>Values from top to bottom with their intervals, and a line at 0; what is measured in several ways is next to each other.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="title">Its title.</param>
    /// <param name="x">Name of the axis.</param>
    /// <param name="names">Names of the rows.</param>
    /// <param name="series">Of each way to measure its name and a value for each row, null where there is none.</param>
    public static void Changes(string path, string title, string x, IReadOnlyList<string> names, IReadOnlyList<(string Name, IReadOnlyList<Estimate?> Values)> series)
    {
        const double distance = 0.25; // of two series in a row
        using var figure = new Figure(title, x, y: string.Empty);
        figure.Plot.Add.VerticalLine(0, width: 1, color: Colors.Gray);
        foreach (var (color, (name, values)) in series.Index())
        {
            (double Place, Estimate Value)[] shown = [.. values.Index().Where(row => row.Item is not null).Select(row => (-row.Index - distance * color, row.Item!.Value))];
            var markers = figure.Plot.Add.Markers(shown.Select(row => row.Value.Mean).ToArray(), shown.Select(row => row.Place).ToArray(), MarkerShape.FilledCircle, 9, Palette.GetColor(color));
            markers.LegendText = name;
            foreach (var (place, value) in shown.Where(row => row.Value.Interval is not null))
            {
                var bar = figure.Plot.Add.Line(value.Interval!.Value.Low, place, value.Interval.Value.High, place);
                (bar.Color, bar.LineWidth) = (Palette.GetColor(color), 2);
            }
        }

        figure.Plot.Axes.Left.SetTicks([.. names.Select((_, index) => -(double)index)], [.. names]);
        figure.Plot.Axes.SetLimitsY(0.5 - names.Count, 0.5);
        figure.Plot.ShowLegend(Edge.Bottom);
        figure.Save(path);
    }

    /// <summary>Bars side by side with their intervals.</summary>
    public static void Bars(string path, string title, string y, IReadOnlyList<PlottedValue> values)
    {
        using var figure = new Figure(title, x: string.Empty, y);
        foreach (var (index, value) in values.Index())
        {
            var bar = figure.Plot.Add.Bar(index, value.Value.Mean);
            bar.Color = Palette.GetColor(value.Color).WithAlpha(2 * Faint);
            AddInterval(figure, index, value.Value, value.Color);
        }

        figure.Plot.Axes.Bottom.SetTicks([.. values.Select((_, index) => (double)index)], [.. values.Select(value => value.Name)]);
        figure.Save(path);
    }

    private static void Add(Figure figure, PlottedLine line, double[] places)
    {
        var drawn = figure.Plot.Add.Scatter(places, line.Points.Select(point => point.Y.Mean).ToArray(), Palette.GetColor(line.Color));
        (drawn.LegendText, drawn.MarkerSize, drawn.LineWidth) = (line.Name, 6, 2);
        if (line.Dashed)
            drawn.LinePattern = LinePattern.Dashed;
    }

    private static void AddInterval(Figure figure, double place, Estimate value, int color)
    {
        if (value.Interval is not { } interval)
            return;
        var bar = figure.Plot.Add.Line(place, interval.Low, place, interval.High);
        (bar.Color, bar.LineWidth) = (Palette.GetColor(color), 2);
    }
}

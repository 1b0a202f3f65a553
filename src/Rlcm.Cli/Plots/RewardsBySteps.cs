using System.Globalization;
using Rlcm.Cli.Reporting;
using Rlcm.Imaging;
using ScottPlot;

namespace Rlcm.Cli.Plots;

/// <summary>Draws <c>plot.png</c> of an evaluation by rewards: for each measure a figure, means and intervals of every model by steps.</summary>
internal static class RewardsBySteps
{
    private const int MostColumns = 2;
    private const double Aside = 0.04; // in doublings of the steps: intervals of several models do not hide each other

    /// <summary>The figures side by side.</summary>
    public static ImageBatch Draw(RewardResults results)
    {
        ImageBatch[] figures = [.. results.Tables.Select(Draw)];
        return ImageGrid.Compose(ImageBatch.Concatenate(figures), Math.Min(figures.Length, MostColumns));
    }

    private static ImageBatch Draw(MeasureTable table)
    {
        using var figure = new Figure(table.Measure.Name, x: "steps", y: table.Measure.Unit);
        var models = table.Rows.GroupBy(row => row.Model).ToArray();
        foreach (var (index, rows) in models.Index())
        {
            double[] places = [.. rows.Select(row => Math.Log2(row.Steps) + (index - (models.Length - 1) / 2.0) * Aside)];
            var line = figure.Plot.Add.Scatter(places, rows.Select(row => row.Value.Mean).ToArray());
            line.Color = figure.Plot.Add.Palette.GetColor(index); // the next one would depend on the number of intervals drawn
            line.LegendText = rows.Key;
            line.MarkerSize = 7;
            foreach (var (place, row) in places.Zip(rows))
            {
                if (row.Value.Interval is not { } interval)
                    continue;
                var bar = figure.Plot.Add.Line(place, interval.Low, place, interval.High);
                (bar.Color, bar.LineWidth) = (line.Color, 2);
            }
        }

        int[] steps = [.. table.Rows.Select(row => row.Steps).Distinct().Order()];
        figure.Plot.Axes.Bottom.SetTicks([.. steps.Select(number => Math.Log2(number))], [.. steps.Select(number => number.ToString(CultureInfo.InvariantCulture))]);
        figure.Plot.ShowLegend(Edge.Bottom);
        return figure.ToImage();
    }
}

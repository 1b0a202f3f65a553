using Rlcm.Cli.Reporting;
using Rlcm.Imaging;
using ScottPlot;

namespace Rlcm.Cli.Plots;

/// <summary>Draws <c>curves.png</c> of a comparison: for each reward a figure, the evaluations of every run, and its training rewards as a faint line.</summary>
internal static class RewardCurves
{
    private const int MostColumns = 2;
    private const double Faint = 0.25;

    private static readonly ScottPlot.Palettes.Category10 Palette = new();

    /// <summary>The color of a run, here and in the terminal.</summary>
    /// <param name="number">Its place among all runs, from 0.</param>
    public static Color Shade(int number) => Palette.GetColor(number);

    /// <summary>The figures side by side.</summary>
    public static ImageBatch Draw(IReadOnlyList<RunComparison> comparisons)
    {
        ImageBatch[] figures = [.. comparisons.Select(Draw)];
        return ImageGrid.Compose(ImageBatch.Concatenate(figures), Math.Min(figures.Length, MostColumns));
    }

    private static ImageBatch Draw(RunComparison comparison)
    {
        using var figure = new Figure(title: string.Empty, x: comparison.AxisTitle, y: comparison.Title);
        foreach (var run in comparison.Runs)
        {
            var training = comparison.Training(run);
            if (training.Count > 0)
                figure.Plot.Add.ScatterLine(training.Select(place => place.X).ToArray(), training.Select(place => place.Y).ToArray(), Shade(run.Number).WithAlpha(Faint));
        }

        foreach (var run in comparison.Runs)
        {
            var evaluations = comparison.Evaluations(run);
            var line = figure.Plot.Add.Scatter(evaluations.Select(place => place.X).ToArray(), evaluations.Select(place => place.Y).ToArray(), Shade(run.Number));
            (line.LegendText, line.MarkerSize, line.LineWidth) = (run.Curve.Name, 7, 2);
        }

        figure.Plot.ShowLegend(Edge.Bottom);
        return figure.ToImage();
    }
}

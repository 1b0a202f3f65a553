using System.Globalization;
using Rlcm.Comparison;
using Rlcm.Evaluation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlcm.Cli.Reporting;

/// <summary>Runs beside each other, for a terminal.</summary>
internal static class ComparisonText
{
    private const int MostDecimals = 6;

    /// <summary>What the chart shows.</summary>
    public static string Heading(RunComparison comparison) => $"{comparison.Title}, mean of the evaluation pictures";

    /// <summary>The evaluations of all runs.</summary>
    /// <param name="comparison">The runs.</param>
    /// <param name="width">Letters of a row.</param>
    public static IRenderable Chart(RunComparison comparison, int width) => LetterChart.Draw(
        [.. comparison.Runs.Select(run => new ChartLine(run.Letter, Shade(run.Number), comparison.Evaluations(run)))], comparison.AxisTitle, width);

    /// <summary>A line for each run: its rewards and how far it is.</summary>
    public static Table Table(RunComparison comparison)
    {
        var number = NumberFormat(comparison);
        var isCounted = comparison.Runs.Any(run => run.Curve.Has(CurveAxis.Evaluations));
        var table = new Table().AddColumns(string.Empty, "run", "algorithm");
        foreach (var title in (string[])["start", "best", "end", "gain", "updates", "queries", "minutes", .. isCounted ? (string[])["U-Net\nevaluations"] : [], "recognized\nat the end"])
            table.AddColumn(title, column => column.NoWrap().RightAligned());
        foreach (var (run, end) in comparison.Runs.Select(run => (run, run.Curve.End)))
        {
            var (start, best) = (run.Curve.Start.RewardMean, run.Curve.Best.RewardMean);
            string[] cells =
            [
                $"{run.Letter}", run.Curve.Name, run.Curve.Algorithm, Text(start, number), Text(best, number), Text(end.RewardMean, number), Text(end.RewardMean - start, $"+{number};-{number}"),
                $"{end.Update}", $"{end.Queries}", Text(end.Seconds / 60, "0.0"), .. isCounted ? (string[])[$"{end.UnetEvaluations}"] : [], end.RecognizedShare is { } share ? Text(100 * share, "0' %'") : "-",
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        return table;
    }

    /// <summary>A sentence where runs of one reward were not evaluated alike.</summary>
    public static IEnumerable<string> Warnings(RunComparison comparison)
    {
        var (first, others) = (comparison.Runs[0].Curve, comparison.Runs.Skip(1).Select(run => run.Curve));
        return others.Where(other => (other.EvaluationPrompts, other.End.Images) != (first.EvaluationPrompts, first.End.Images)).Select(other =>
            $"{other.Name} and {first.Name} were evaluated on other prompts, {other.End.Images} pictures of {other.EvaluationPrompts} and {first.End.Images} of {first.EvaluationPrompts}: their rewards compare by their gains at best.");
    }

    /// <summary>So many decimals that the smallest of the gains is seen to three digits.</summary>
    private static string NumberFormat(RunComparison comparison)
    {
        double[] gains = [.. comparison.Runs.Select(run => Math.Abs(run.Curve.Best.RewardMean - run.Curve.Start.RewardMean)).Where(gain => gain > 0)];
        var smallest = gains.Length > 0 ? gains.Min() : Math.Abs(comparison.Runs[0].Curve.Start.RewardMean);
        var decimals = smallest > 0 ? Math.Clamp(2 - (int)Math.Floor(Math.Log10(smallest)), 0, MostDecimals) : 0;
        return decimals == 0 ? "0" : $"0.{new string('0', decimals)}";
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static Color Shade(int number)
    {
        var shade = Plots.RewardCurves.Shade(number);
        return new(shade.R, shade.G, shade.B);
    }
}

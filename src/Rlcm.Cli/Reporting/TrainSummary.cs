using System.Globalization;
using Rlcm.Evaluation;
using Rlcm.Training;
using Spectre.Console;

namespace Rlcm.Cli.Reporting;

/// <summary>What a finished run came to.</summary>
internal static class TrainSummary
{
    /// <summary>Before and after at every number of steps.</summary>
    public static Table Table(TrainingOutcome outcome)
    {
        var (before, after) = (outcome.Report.Before, outcome.Report.After);
        string[] titles =
        [
            "\nsteps", $"reward ({outcome.Report.Unit}),\ntraining prompts", $"reward ({outcome.Report.Unit}),\nother prompts",
            .. before[0].RecognizedSamples is { } samples ? (string[])[$"recognized\nof {samples}"] : [],
            $"look-alikes\nof {outcome.Prompts.Count}",
        ];
        var table = new Table();
        foreach (var title in titles)
            table.AddColumn(Markup.Escape(title), column => column.NoWrap().RightAligned());
        foreach (var (was, now) in before.Zip(after))
        {
            string[] row =
            [
                $"{was.Horizon}", Change(was, now, report => report.Seen?.Mean, "0.000"), Change(was, now, report => report.Unseen?.Mean, "0.000"),
                .. was.RecognizedSamples is null ? (string[])[] : [Change(was, now, report => 100 * report.RecognizedShare, "0' %'")],
                Change(was, now, report => report.LargestNearIdenticalGroup, "0"),
            ];
            table.AddRow(row);
        }

        return table;
    }

    /// <summary>What ended a run that could end before its updates; null for others.</summary>
    public static string? End(int updates, TrainConfig config) => config.Patience is not { } patience ? null
        : updates == config.Updates ? $"ended by its budget of {config.Updates} updates"
        : $"ended by patience after update {updates} of {config.Updates}: its last {(patience == 1 ? "evaluation is" : $"{patience} evaluations are")} no better than those before by a standard error";

    /// <summary>The mean reward of the evaluation pictures, before and after.</summary>
    public static string Reward(TrainingOutcome outcome)
    {
        var (before, after) = (outcome.Before.Rewards.Average(), outcome.After.Rewards.Average());
        var change = outcome.Report.Parts is null ? Math.Abs((after - before) / before) : 0; // a sum begins at 0
        return string.Create(
            CultureInfo.InvariantCulture,
            $"mean reward of the {outcome.Prompts.Count} evaluation pictures: {before:0.000} -> {after:0.000} {outcome.Report.Unit}{(change is > 0 and < double.PositiveInfinity ? $" ({100 * change:0} % {(after < before ? "lower" : "higher")})" : string.Empty)}");
    }

    /// <summary>The mean scores of the parts of a sum for the evaluation pictures, before and after; none for a single reward.</summary>
    public static IEnumerable<string> Parts(TrainingOutcome outcome) => (outcome.Report.Parts ?? []).Select(part => string.Create(
        CultureInfo.InvariantCulture, $"  {part.Weight} x {part.Reward}: {outcome.Before.Parts![part.Reward].Average():0.000} -> {outcome.After.Parts![part.Reward].Average():0.000} {part.Unit}"));

    /// <summary>Whether the reward rose while training by more than chance.</summary>
    public static string Trend(RewardTrend trend) => string.Create(
        CultureInfo.InvariantCulture, $"mean reward while training, first and last quarter: {trend.First:0.000} -> {trend.Last:0.000} ({trend.StandardErrors:0.0} standard errors)");

    private static string Change(HorizonReport before, HorizonReport after, Func<HorizonReport, double?> figure, string format)
    {
        string Text(HorizonReport report) => figure(report) is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "none";
        return $"{Text(before)} -> {Text(after)}";
    }
}

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>RLCM's training horizons.</summary>
internal static class HorizonSection
{
    /// <summary>The section, with its plots.</summary>
    public static string Write(ReportContext context)
    {
        var (results, claims) = (context.Results, new Claims(context.Results));
        string[] tasks = [.. results.Tasks(StudyPart.Horizon).Where(task => Curves(results, task).Count > 0)];
        if (tasks.Length == 0)
            return context.Missing(StudyPart.Horizon);
        var plots = tasks.SelectMany(task => (IEnumerable<string>)
        [
            context.Plot($"{task}-horizon-minutes", $"{task}: gain against minutes for every horizon", path => StudyPlots.Bands(
                path, $"{task}, training horizon", "training time, minutes", $"gain, {results.Of(task, StudyDefinition.Rlcm).Select(run => run.Curve.Reward.Unit).FirstOrDefault()}",
                [
                    .. Curves(results, task).Select((entry, index) => new PlottedLine($"H = {entry.Horizon}", index + 2, Dashed: false, [.. entry.Curve.Minutes.Select(point => (point.X, point.Value))])),
                ])),
        ]);
        var rows = tasks.SelectMany(task => Curves(results, task).Select(entry => (IReadOnlyList<string>)
        [
            task, $"{entry.Horizon}", $"{entry.Curve.Runs.Count}", MarkdownText.Number(entry.Curve.Runs.Average(run => run.Curve.Start.RewardMean)), MarkdownText.Number(entry.Curve.Runs.Average(run => run.Curve.End.RewardMean)), MarkdownText.Signed(entry.Curve.Final), MarkdownText.Percent(entry.Curve.Recognized), MarkdownText.Signed(entry.Curve.RecognizableGain), MarkdownText.Number(entry.Curve.Minutes[^1].X), MarkdownText.Factor(claims.Factor(task, entry.Arm)),
        ]));
        return $"{context.Incomplete(StudyPart.Horizon)}{string.Join('\n', plots)}\n\n{MarkdownText.Table(["task", "horizon", "seeds", "reward before", "after", "gain", "recognized", "gain with 90 % kept", "minutes", "factor in time to DDPO's gain"], rows)}";
    }

    private static List<(int Horizon, string Arm, GainCurve Curve)> Curves(StudyResults results, string task) =>
    [
        .. from arm in results.Arms(StudyPart.Horizon, task)
           let curve = results.Curve(task, arm)
           where curve is not null
           orderby ArmNames.Horizon(arm)
           select (ArmNames.Horizon(arm), arm, curve),
    ];
}

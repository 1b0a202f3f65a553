using Rlcm.Comparison;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>RLCM and DDPO on every task: curves, gains, and how long each takes to the other's gain.</summary>
internal static class TrainingSection
{
    private static readonly double[] Shares = [0.5, 0.75, 1];
    private static readonly (string Arm, int Color)[] Arms = [(StudyDefinition.Rlcm, 0), (StudyDefinition.Released, 2), (StudyDefinition.DdpoArm, 1)];

    /// <summary>The section, with its plots.</summary>
    public static string Write(ReportContext context)
    {
        var results = context.Results;
        (string Task, string Arm, int Color, GainCurve Curve)[] curves =
        [
            .. from task in results.Tasks(StudyPart.Main)
               from arm in Arms
               let curve = results.Curve(task, arm.Arm)
               where curve is not null
               select (task, arm.Arm, arm.Color, curve),
        ];
        if (curves.Length == 0)
            return context.Missing(StudyPart.Main);
        return context.Incomplete(StudyPart.Main)
            + string.Join("\n\n", (IEnumerable<string>)
            [
                .. curves.GroupBy(curve => curve.Task).Select(task => Plots(context, task.Key, [.. task.Select(curve => (curve.Arm, curve.Color, curve.Curve))])),
                Gains(results, curves.Select(curve => (curve.Task, curve.Arm, curve.Curve))),
                $"To a share of the other's gain, each over its own start:\n\n{SpeedUps(results, SpeedUp.OfGain)}",
                $"To the reward that the other has there, whatever each began with:\n\n{SpeedUps(results, SpeedUp.OfLevel)}",
            ]);
    }

    private static string Plots(ReportContext context, string task, IReadOnlyList<(string Arm, int Color, GainCurve Curve)> curves)
    {
        var gain = $"gain, {curves[0].Curve.Runs[0].Curve.Reward.Unit}";
        PlottedLine[] Lines(Func<GainCurve, IReadOnlyList<SeedPoint>> points, int first) =>
            [.. curves.Select(curve => new PlottedLine(ArmNames.Compared(curve.Arm), curve.Color, Dashed: false, [.. points(curve.Curve).Skip(first).Select(point => (point.X, point.Value))]))];
        var byMinutes = context.Plot($"{task}-minutes", $"{task}: gain against minutes", path => StudyPlots.Doublings(path, task, "training time, minutes (each mark twice the one before)", gain, Lines(curve => curve.Minutes, first: 1)));
        var byQueries = context.Plot($"{task}-queries", $"{task}: gain against queries", path => StudyPlots.Bands(path, task, "reward queries", gain, Lines(curve => curve.Queries, first: 0)));
        return $"{byMinutes}\n{byQueries}";
    }

    private static string Gains(StudyResults results, IEnumerable<(string Task, string Arm, GainCurve Curve)> curves) => MarkdownText.Table(
        ["task", "", "seeds", "reward before", "after", "gain", "recognized", "gain with 90 % kept", "queries", "minutes", "U-Net evaluations, sampling", "training"],
        curves.Select(entry =>
        {
            var runs = entry.Curve.Runs;
            return (IReadOnlyList<string>)
            [
                entry.Task, ArmNames.Compared(entry.Arm), $"{runs.Count}",
                MarkdownText.Text(SeedMean.OfValues([.. runs.Select(run => run.Curve.Start.RewardMean)])),
                MarkdownText.Text(SeedMean.OfValues([.. runs.Select(run => run.Curve.End.RewardMean)])),
                MarkdownText.Signed(entry.Curve.Final), Recognized(results, entry.Task, entry.Arm, entry.Curve),
                MarkdownText.Signed(entry.Curve.RecognizableGain),
                MarkdownText.Count(runs.Average(run => run.Curve.End.Queries)),
                MarkdownText.Number(runs.Average(run => run.Minutes(run.Curve.End))),
                Count(runs.Select(run => run.Curve.End.SamplingEvaluations)), Count(runs.Select(run => run.Curve.End.TrainingEvaluations)),
            ];
        }));

    /// <summary>Before and after; DDPO's runs do not look, so that it is measured of their models.</summary>
    private static string Recognized(StudyResults results, string task, string arm, GainCurve curve)
    {
        var (before, after) = arm == StudyDefinition.DdpoArm ? (OfDdpo(isTuned: false), OfDdpo(isTuned: true)) : (curve.RecognizedBefore, curve.Recognized);
        return before is null ? MarkdownText.Nothing : $"{MarkdownText.Percent(before)} to {MarkdownText.Percent(after)}";

        double? OfDdpo(bool isTuned) => results.RecognizedShare(task, StudyDefinition.Ddpo, isTuned, StudyDefinition.DdpoHorizon);
    }

    private static string Count(IEnumerable<long?> evaluations) => evaluations.Average() is { } mean ? MarkdownText.Count(mean) : MarkdownText.Nothing;

    private static string SpeedUps(StudyResults results, Func<IReadOnlyList<Curve>, IReadOnlyList<Curve>, double, SpeedUp> compare)
    {
        var rows = from task in results.Tasks(StudyPart.Main)
                   from arm in (string[])[StudyDefinition.Rlcm, StudyDefinition.Released]
                   let rlcm = results.Curve(task, arm)
                   let ddpo = results.Curve(task, StudyDefinition.DdpoArm)
                   where rlcm is not null && ddpo is not null
                   from target in (IEnumerable<(string Name, GainCurve Own, GainCurve Other)>)[("DDPO", rlcm, ddpo), ("RLCM", ddpo, rlcm)]
                   from share in Shares
                   select (IReadOnlyList<string>)
                   [
                       task, ArmNames.Compared(arm), $"{MarkdownText.Percent(share)} of {target.Name}'s gain",
                       .. target.Other.IsClear ? (IEnumerable<string>)
                       [
                           .. Cells(compare(target.Own.ByMinutes, target.Other.ByMinutes, share), target.Own == rlcm, MarkdownText.Number),
                           .. Cells(compare(target.Own.ByQueries, target.Other.ByQueries, share), target.Own == rlcm, MarkdownText.Count),
                       ] : ["n/a", "n/a", MarkdownText.Nothing, "n/a", "n/a", MarkdownText.Nothing],
                   ];
        return MarkdownText.Table(["task", "", "to", "minutes, RLCM", "DDPO", "factor", "queries, RLCM", "DDPO", "factor"], rows);
    }

    /// <summary>Places of RLCM and of DDPO, and how many times sooner RLCM is there.</summary>
    private static string[] Cells(SpeedUp speedUp, bool isOfRlcm, Func<double, string> text)
    {
        var (rlcm, ddpo) = isOfRlcm ? (speedUp.A, speedUp.B) : (speedUp.B, speedUp.A);
        return [Text(rlcm, text), Text(ddpo, text), MarkdownText.Factor(ddpo.X / rlcm.X)];
    }

    private static string Text(FirstCrossing crossing, Func<double, string> text) => crossing.X is { } place ? text(place) : crossing.ToString();
}

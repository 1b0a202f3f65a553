using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>One change each of RLCM's default, and the learning rates of DDPO.</summary>
internal static class AblationSection
{
    /// <summary>The section, with its plots.</summary>
    public static string Write(ReportContext context)
    {
        var (results, claims) = (context.Results, new Claims(context.Results));
        (string Task, string Arm, Estimate Difference)[] changes =
        [
            .. from task in results.Tasks(StudyPart.Ablations)
               from arm in results.Arms(StudyPart.Ablations, task)
               where arm != StudyDefinition.Rlcm
               let difference = claims.PairedGains(task, arm, StudyDefinition.Rlcm)
               where difference is not null
               select (task, arm, difference.Value),
        ];
        if (changes.Length == 0)
            return ReportContext.Missing(StudyPart.Ablations);
        var plots = changes.GroupBy(change => change.Task).Select(task => context.Plot($"{task.Key}-ablations", $"{task.Key}: what changes of the default change", path => StudyPlots.Changes(
            path, task.Key, "gain less that of the default", [.. task.Select(change => new PlottedValue(ArmNames.Change(change.Arm), 0, change.Difference))])));
        var rows = changes.Select(change =>
        {
            var (arm, settings) = (results.Of(change.Task, change.Arm), results.Study.Runs.First(run => run.Task == change.Task && run.Arm == change.Arm));
            var usual = results.Study.Runs.First(run => run.Task == change.Task && run.Arm == StudyDefinition.Rlcm).Sets;
            return (IReadOnlyList<string>)
            [
                change.Task, ArmNames.Change(change.Arm), $"`{string.Join(" ", settings.Sets.Except(usual))}`", $"{arm.Count}", MarkdownText.Signed(GainCurve.Of(arm).Final), MarkdownText.Signed(change.Difference), Judge(change.Difference),
            ];
        });
        return $"{context.Incomplete(StudyPart.Ablations)}{string.Join('\n', plots)}\n\n{MarkdownText.Table(["task", "arm", "changed", "seeds", "gain", "less the default's", ""], rows)}";
    }

    /// <summary>The learning rates of DDPO that were tried.</summary>
    public static string WriteLearningRates(ReportContext context)
    {
        var results = context.Results;
        var rows = (from task in results.Tasks(StudyPart.LearningRates)
                    from arm in results.Arms(StudyPart.LearningRates, task)
                    let runs = results.Of(task, arm).Where(run => run.Run.Seed == 1).ToArray()
                    where runs.Length == 1
                    select (IReadOnlyList<string>)[task, Rate(runs[0].Run), MarkdownText.Number(runs[0].Curve.End.RewardMean), MarkdownText.Signed(new(runs[0].Gain, Interval: null)), arm == StudyDefinition.Ddpo ? "used" : string.Empty]).ToArray();
        return rows.Length == 0 ? ReportContext.Missing(StudyPart.LearningRates)
            : $"{context.Incomplete(StudyPart.LearningRates)}{MarkdownText.Table(["task", "learning rate", "reward after", "gain", ""], rows)}";
    }

    private static string Rate(StudyRun run) => run.Sets.Last(set => set.StartsWith("learningRate=", StringComparison.Ordinal)).Split('=')[1];

    private static string Judge(Estimate difference) => difference.Interval switch
    {
        { Low: > 0 } => "better",
        { High: < 0 } => "worse",
        _ => "not clear",
    };
}

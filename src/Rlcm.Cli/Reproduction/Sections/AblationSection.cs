using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>One idea each against RLCM's default, and what was tried for DDPO.</summary>
internal static class AblationSection
{
    /// <summary>The section, with its plots.</summary>
    public static string Write(ReportContext context)
    {
        var results = context.Results;
        (string Task, string Arm, Estimate Gain, Estimate? Recognizable)[] changes =
        [
            .. from task in results.Tasks(StudyPart.Ablations)
               from arm in results.Arms(StudyPart.Ablations, task)
               where arm != StudyDefinition.Rlcm
               let gain = results.Paired(task, arm, StudyDefinition.Rlcm, run => run.Gain)
               where gain is not null
               select (task, arm, gain.Value, results.Paired(task, arm, StudyDefinition.Rlcm, run => run.RecognizableGain)),
        ];
        if (changes.Length == 0)
            return context.Missing(StudyPart.Ablations);
        var plots = changes.GroupBy(change => change.Task).Select(task => context.Plot($"{task.Key}-ablations", $"{task.Key}: what changes of the default change", path => StudyPlots.Changes(
            path, task.Key, "gain less that of the default", [.. task.Select(change => ArmNames.Change(change.Arm))],
            [("at the end", [.. task.Select(change => (Estimate?)change.Gain)]), ("as far as 90 % stay recognizable", [.. task.Select(change => change.Recognizable)])])));
        var rows = changes.GroupBy(change => change.Task).SelectMany(task => (IEnumerable<IReadOnlyList<string>>)
        [
            Row(results, task.Key, StudyDefinition.Rlcm, null, null),
            .. task.Select(change => Row(results, task.Key, change.Arm, change.Gain, change.Recognizable)),
        ]);
        return $"{context.Incomplete(StudyPart.Ablations)}{string.Join('\n', plots)}\n\n{MarkdownText.Table(["task", "arm", "changed", "seeds", "gain", "less the default's", "recognized", "gain with 90 % kept", "that less the default's"], rows)}";
    }

    private static string[] Row(StudyResults results, string task, string arm, Estimate? gain, Estimate? recognizable)
    {
        string[] Sets(string name) => [.. results.Study.Runs.First(run => run.Task == task && run.Arm == name).Sets];
        var curve = results.Curve(task, arm)!; // it has a seed in common with the default
        var (name, changed) = arm == StudyDefinition.Rlcm ? ("default", string.Empty) : (ArmNames.Change(arm), $"`{string.Join(" ", Sets(arm).Except(Sets(StudyDefinition.Rlcm)))}`");
        return [task, name, changed, $"{curve.Runs.Count}", MarkdownText.Signed(curve.Final), Judge(gain), MarkdownText.Percent(curve.Recognized), MarkdownText.Signed(curve.RecognizableGain), Judge(recognizable)];
    }

    /// <summary>What was tried for DDPO.</summary>
    public static string WriteLearningRates(ReportContext context)
    {
        var results = context.Results;
        var rows = (from task in results.Tasks(StudyPart.LearningRates)
                    from arm in results.Arms(StudyPart.LearningRates, task)
                    let runs = results.Of(task, arm).Where(run => run.Run.Seed == 1).ToArray()
                    where runs.Length == 1
                    select (IReadOnlyList<string>)
                    [
                        task, $"`{runs[0].Run.Sets.Single(set => set.StartsWith("learningRate=", StringComparison.Ordinal))}`", MarkdownText.Number(runs[0].Curve.End.RewardMean), MarkdownText.Signed(new Estimate(runs[0].Gain, Interval: null)),
                        runs[0].EndedByPatience ? $"patience, {runs[0].Curve.End.Update} updates" : "budget", arm == StudyDefinition.DdpoArm ? "used" : string.Empty,
                    ]).ToArray();
        return rows.Length == 0 ? context.Missing(StudyPart.LearningRates)
            : $"{context.Incomplete(StudyPart.LearningRates)}{MarkdownText.Table(["task", "tried", "reward after", "gain", "ended by", ""], rows)}";
    }

    private static string Judge(Estimate? difference) => difference is not { } measured ? MarkdownText.Nothing
        : $"{MarkdownText.Signed(measured)} {measured.Interval switch { { Low: 0, High: 0 } => "the same", { Low: > 0 } => "better", { High: < 0 } => "worse", _ => "not clear" }}";
}

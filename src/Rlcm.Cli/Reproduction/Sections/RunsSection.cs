namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>The runs one by one, their pictures, and the rates.</summary>
internal static class RunsSection
{
    /// <summary>Every finished run: how it ended, what it counted, and its raw time.</summary>
    public static string Write(ReportContext context)
    {
        var rows = context.Results.Runs.Select(run => (IReadOnlyList<string>)
        [
            run.Run.Name, $"{run.Curve.End.Update} of {run.PlannedUpdates}", run.EndedByPatience ? "patience" : "budget", MarkdownText.Count(run.Curve.End.Queries),
            Count(run.Curve.End.SamplingEvaluations), Count(run.Curve.End.TrainingEvaluations),
            MarkdownText.Number(run.Minutes(run.Curve.End)), MarkdownText.Number(run.Curve.End.Seconds), MarkdownText.Number(run.Curve.Start.RewardMean), MarkdownText.Number(run.Curve.End.RewardMean),
        ]).ToArray();
        string[] missing = [.. context.Results.Study.Runs.Select(run => run.Name).Except(context.Results.Runs.Select(run => run.Run.Name))];
        return (rows.Length == 0 ? "No run is finished yet." : MarkdownText.Table(["run", "updates", "ended by", "queries", "sampling evaluations", "training evaluations", "minutes", "raw seconds", "reward before", "after"], rows))
            + (rows.Length == 0 ? string.Empty : $"\n\n{RawTime([.. context.Results.Runs.Select(run => run.Curve.End.Seconds / 60)])}")
            + (missing.Length == 0 ? string.Empty : $"\n\nNot finished: {string.Join(", ", missing)}.");
    }

    private static string RawTime(IReadOnlyList<double> minutes) =>
        $"By the clock, evaluations not counted, the longest took {MarkdownText.Number(minutes.Max())} minutes, and all of them {MarkdownText.Number(minutes.Sum() / 60)} hours, one after the other or two at once.";

    /// <summary>Evaluation pictures of the first seed, before and after.</summary>
    public static string WritePictures(ReportContext context)
    {
        string[] pictures =
        [
            .. from task in context.Results.Tasks(StudyPart.Main)
               from arm in (string[])[StudyDefinition.Rlcm, StudyDefinition.DdpoArm]
               from run in context.Results.Of(task, arm).Take(1)
               select $"{task}, {ArmNames.Algorithm(arm)}, seed {run.Run.Seed}:\n\n![{task} by {ArmNames.Algorithm(arm)} before and after]({context.Link(Path.Combine(context.Folder.Run(run.Run.Name), "images", "comparison.png"))})",
        ];
        return pictures.Length == 0 ? context.Missing(StudyPart.Main) : string.Join("\n\n", pictures);
    }

    /// <summary>Seconds of a U-Net evaluation in every arm.</summary>
    public static string WriteRates(ReportContext context)
    {
        if (context.Results.Rates is not { } rates)
            return $"{context.Missing(StudyPart.Rates)} Until then minutes are those of the clock.";
        var rows = rates.Arms.Select(arm => (IReadOnlyList<string>)
        [
            arm.Key, MarkdownText.Number(1000 * arm.Value.SecondsPerEvaluation), $"{MarkdownText.Number(1000 * arm.Value.Rounds.Min())} to {MarkdownText.Number(1000 * arm.Value.Rounds.Max())}",
            MarkdownText.Number(arm.Value.SamplingEvaluations), MarkdownText.Number(arm.Value.TrainingEvaluations), MarkdownText.Number(arm.Value.SecondsPerPicture),
        ]);
        string[] unmeasured = [.. context.Results.Runs.Where(run => run.Clock is null).Select(run => run.Run.Key).Distinct(StringComparer.Ordinal)];
        return $"Measured on {rates.Processor} with {rates.Cores} cores by `rlcm {string.Join(' ', rates.CommandLine)}` (Rlcm {rates.Version}).\n\n"
            + MarkdownText.Table(["arm", "ms an evaluation", "rounds", "evaluations a picture, sampling", "training", "seconds a picture"], rows)
            + (unmeasured.Length == 0 ? string.Empty : $"\n\nNot measured, so that their minutes are those of the clock and their factors mean little: {string.Join(", ", unmeasured)}. All arms are measured again where `rates.json` is removed.");
    }

    private static string Count(long? evaluations) => evaluations is { } count ? MarkdownText.Count(count) : MarkdownText.Nothing;
}

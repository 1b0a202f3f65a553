using Rlcm.Comparison;
using Rlcm.Evaluation;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>A finished run.</summary>
/// <param name="Run">What it is.</param>
/// <param name="Curve">How its reward went.</param>
/// <param name="PlannedUpdates">Updates of its budget.</param>
/// <param name="Clock">That of its arm, by the rates; null: they were not measured, and the clock of the run counts.</param>
/// <param name="Version">The version of Rlcm that made it.</param>
internal sealed record RunResult(StudyRun Run, RunCurve Curve, int PlannedUpdates, EvaluationClock? Clock, string Version)
{
    /// <summary>How much of the untuned model's recognized share has to be kept for a gain not to be bought with ruined pictures.</summary>
    public const double KeptShare = 0.9;

    /// <summary>Whether it ended since its evaluations no longer rose, before its budget was used up.</summary>
    public bool EndedByPatience => Curve.End.Update < PlannedUpdates;

    /// <summary>Reward above the untuned model's.</summary>
    public double Gain => Curve.End.RewardMean - Curve.Start.RewardMean;

    /// <summary>The highest gain at which <see cref="KeptShare"/> of what was recognized before still is, gain and share straight between two evaluations; null where the share was not measured.</summary>
    public double? RecognizableGain => Curve.Evaluations.Where(IsRecognizable).Select(point => point.RewardMean)
        .Concat(Curve.Evaluations.Zip(Curve.Evaluations.Skip(1)).Select(pair => RewardAtShare(pair.First, pair.Second)).OfType<double>())
        .Max(reward => (double?)(reward - Curve.Start.RewardMean));

    /// <summary>The gain at the last evaluation until so many queries.</summary>
    public double GainAtQueries(long queries) => Curve.Evaluations.Last(point => point.Queries <= queries).RewardMean - Curve.Start.RewardMean;

    /// <summary>Training time until <paramref name="point"/>: counted evaluations times the arm's rate.</summary>
    public double Minutes(CurvePoint point) => (Clock is { } clock && point.UnetEvaluations is not null ? clock.Seconds(point) : point.Seconds) / 60;

    /// <summary>The recognized share after so many minutes, straight between two evaluations; null where it was not measured, or the run is shorter.</summary>
    public double? RecognizedAt(double minutes) => Curve.Evaluations.Zip(Curve.Evaluations.Skip(1)).Where(pair => Minutes(pair.Second) >= minutes)
        .Select(pair => pair.First.RecognizedShare + (pair.Second.RecognizedShare - pair.First.RecognizedShare) * (minutes - Minutes(pair.First)) / (Minutes(pair.Second) - Minutes(pair.First)))
        .FirstOrDefault();

    private double? RecognizableShare => KeptShare * Curve.Start.RecognizedShare;

    private bool IsRecognizable(CurvePoint point) => point.RecognizedShare >= RecognizableShare;

    /// <summary>The reward where the share passes <see cref="RecognizableShare"/> from one evaluation to the next; null where it does not.</summary>
    private double? RewardAtShare(CurvePoint from, CurvePoint to) => IsRecognizable(from) != IsRecognizable(to)
        ? from.RewardMean + (to.RewardMean - from.RewardMean) * (RecognizableShare - from.RecognizedShare) / (to.RecognizedShare - from.RecognizedShare)
        : null;
}

/// <summary>Everything that a study has measured so far.</summary>
internal sealed class StudyResults
{
    private readonly IReadOnlyList<RunResult> _runs;

    /// <summary>Results as they are.</summary>
    public StudyResults(StudyDefinition study, IReadOnlyList<RunResult> runs, StudyRates? rates, IReadOnlyList<InferenceMeasures> inference, IReadOnlyList<GeneralizationMeasures> generalization) =>
        (Study, _runs, Rates, Inference, Generalization) = (study, runs, rates, inference, generalization);

    /// <summary>The study.</summary>
    public StudyDefinition Study { get; }

    /// <summary>Null where they were not measured.</summary>
    public StudyRates? Rates { get; }

    /// <summary>Models against sampling steps.</summary>
    public IReadOnlyList<InferenceMeasures> Inference { get; }

    /// <summary>Models on unseen prompts.</summary>
    public IReadOnlyList<GeneralizationMeasures> Generalization { get; }

    /// <summary>All finished runs, in the study's order.</summary>
    public IReadOnlyList<RunResult> Runs => _runs;

    /// <summary>Whether all runs are finished, with rates, and all models measured.</summary>
    public bool IsComplete => _runs.Count == Study.Runs.Count && _runs.All(run => run.Clock is not null)
        && Study.Runs.Where(run => run.Parts.Contains(StudyPart.Main)).All(run => ((ulong?[])[null, run.Seed]).All(seed => Inference.Any(model => (model.Task, model.Algorithm, model.Seed) == (run.Task, run.Algorithm, seed))))
        && Study.Runs.Where(run => run.Parts.Contains(StudyPart.Generalization)).All(run => Generalization.Any(model => (model.Task, model.Algorithm, model.Seed) == (run.Task, run.Algorithm, run.Seed)));

    /// <summary>Reads what is there; runs that are not finished are left out.</summary>
    public static StudyResults Read(StudyDefinition study, StudyFolder folder, IReadOnlyList<string> changes)
    {
        var rates = StudyRates.Find(folder);
        var measurements = new StudyMeasurements(study, folder, changes, Terminal.Silent);
        return new(study, [.. study.Runs.Where(run => folder.State(run.Name) == RunState.Done).Select(run => Read(run, folder.Run(run.Name), rates))], rates, [.. measurements.ReadInference()], [.. measurements.ReadGeneralization()]);
    }

    /// <summary>The finished runs of an arm, by seed.</summary>
    public IReadOnlyList<RunResult> Of(string task, string arm) => [.. _runs.Where(run => run.Run.Task == task && run.Run.Arm == arm).OrderBy(run => run.Run.Seed)];

    /// <summary>The curve of an arm; null where none of its runs is finished.</summary>
    public GainCurve? Curve(string task, string arm) => Of(task, arm) is { Count: > 0 } runs ? GainCurve.Of(runs) : null;

    /// <summary>The difference of what <paramref name="gain"/> says of two arms, seed by seed; null where they have no seed in common, or nothing is said of one.</summary>
    public Estimate? Paired(string task, string arm, string other, Func<RunResult, double?> gain)
    {
        double?[] differences = [.. Of(task, arm).Join(Of(task, other), run => run.Run.Seed, run => run.Run.Seed, (one, two) => gain(one) - gain(two))];
        return differences.Length == 0 || differences.Contains(null) ? null : SeedMean.OfValues([.. differences.OfType<double>()]);
    }

    /// <summary>The share of animals that are recognized of an algorithm's tuned or untuned models at so many sampling steps, the mean of those measured; null where none was.</summary>
    public double? RecognizedShare(string task, string algorithm, bool isTuned, int steps) => Inference.Where(model => model.Task == task && model.Algorithm == algorithm && model.Seed is not null == isTuned)
        .SelectMany(model => model.BySteps).Where(step => step.Steps == steps).Average(step => step.RecognizedShare);

    /// <summary>The tasks of a part, in the study's order.</summary>
    public IEnumerable<string> Tasks(string part) => Study.Runs.Where(run => run.Parts.Contains(part)).Select(run => run.Task).Distinct(StringComparer.Ordinal);

    /// <summary>The arms of a part for a task, in the study's order.</summary>
    public IEnumerable<string> Arms(string part, string task) => Study.Runs.Where(run => run.Parts.Contains(part) && run.Task == task).Select(run => run.Arm).Distinct(StringComparer.Ordinal);

    /// <summary>How many runs of a part are finished, and of how many.</summary>
    public (int Done, int All) Progress(string part) => (_runs.Count(run => run.Run.Parts.Contains(part)), Study.Runs.Count(run => run.Parts.Contains(part)));

    private static RunResult Read(StudyRun run, string path, StudyRates? rates)
    {
        var folder = RunFolder.Open(path);
        var planned = TrainConfigReader.ReadRun(folder.Config, [], []).Updates;
        return new(run, RunCurve.Read(path), planned, rates?.Arms.GetValueOrDefault(run.Key) is { } rate ? new EvaluationClock(rate.SecondsPerEvaluation) : null, RunManifest.Read(folder.Manifest)?.Versions.GetValueOrDefault("rlcm") ?? "unknown");
    }
}

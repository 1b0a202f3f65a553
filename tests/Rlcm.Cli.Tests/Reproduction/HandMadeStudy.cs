using Rlcm.Cli.Reproduction;
using Rlcm.Comparison;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Tests.Reproduction;

/// <summary>Results with numbers made by hand, as if the quick study had been made with two seeds of DDPO.</summary>
internal static class HandMadeStudy
{
    private const string Task = "compression";

    public static readonly StudyDefinition Definition = StudyDefinition.Quick with
    {
        Name = "by hand",
        Runs = [.. StudyDefinition.Quick.Runs, .. StudyDefinition.Quick.Runs.Where(run => run.Arm == StudyDefinition.DdpoArm).Select(run => run with { Seed = 2 })],
    };

    private static StudyRates Rates { get; } = new(
        "a processor", 2, "0.1.0", ["reproduce", "--quick"], new Dictionary<string, ArmRate>(StringComparer.Ordinal) { [$"{Task}-rlcm"] = new(0.001, 5, 5, [0.001, 0.002]) });

    /// <summary>A run of evaluations after 0, 10 and 20 updates of 64 pictures, ten evaluations of the U-Net for each picture.</summary>
    public static RunResult Run(string arm, ulong seed, double millisecondsPerEvaluation, params double[] rewards)
    {
        var run = Definition.Runs.Concat(StudyDefinition.Full.Runs).First(run => run.Arm == arm) with { Seed = seed };
        CurvePoint[] points = [.. rewards.Select((reward, index) => new CurvePoint(10 * index, 640 * index, 99 * index, 3200 * index, 3200 * index, reward, 1, 64, 0.5))];
        var curve = new RunCurve(run.Name, run.Name, Task, new(Task, "kB"), run.Algorithm, seed, "prompts.txt", points, []);
        return new(run, curve, PlannedUpdates: 20, new EvaluationClock(millisecondsPerEvaluation / 1000), "0.1.0");
    }

    /// <summary>The same on another task.</summary>
    public static RunResult RunOf(string task, string arm, ulong seed, double millisecondsPerEvaluation, params double[] rewards)
    {
        var result = Run(arm, seed, millisecondsPerEvaluation, rewards);
        return result with { Run = result.Run with { Task = task }, Curve = result.Curve with { Task = task } };
    }

    /// <summary>Results of all three tasks.</summary>
    public static StudyResults AllTasks(params RunResult[] runs) => new(StudyDefinition.Full, runs, Rates, [], []);

    public static InferenceMeasures Inference(string algorithm, ulong? seed, params (int Steps, double Reward, double Share, double Seconds)[] bySteps) => new(
        Task, "kB", algorithm, seed, GuidanceScale: 3, Threads: 1,
        [.. bySteps.Select(step => new StepMeasure(step.Steps, new(step.Reward, new(step.Reward - 0.1, step.Reward + 0.1)), step.Share, 60, step.Seconds))]);

    public static GeneralizationMeasures Unseen(double change, double half) => new(Task, "kB", "rlcm", Seed: 1, Steps: 4, Samples: 1,
    [
        .. StudyPrompts.Sets.Select(set => new PromptSetMeasure(set.Name, set.File, 15, new(-3, new(-3.1, -2.9)), new(-3 + change, null), new(change, new(change - half, change + half)))),
    ]);

    public static StudyResults Results(IReadOnlyList<RunResult> runs, IReadOnlyList<InferenceMeasures>? inference = null, IReadOnlyList<GeneralizationMeasures>? generalization = null) =>
        new(Definition, runs, Rates, inference ?? [], generalization ?? []);

    /// <summary>All parts: RLCM gains 2 kB in two seeds, DDPO half as much, more slowly.</summary>
    public static StudyResults Complete { get; } = Results(
        [
            Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(StudyDefinition.Rlcm, 2, 1, -3, -2, -1.01),
            Run(StudyDefinition.DdpoArm, 1, 3, -4, -3.5, -3), Run(StudyDefinition.DdpoArm, 2, 3, -4, -3.02),
            Run("ddpo-lr-1e-3", 1, 3, -4, -4.5, -5),
            Run("rlcm-h2", 1, 0.5, -3, -2.5, -2), Run("rlcm-h8", 1, 2, -3, -2, -0.5),
            Run("rlcm-once", 1, 0.5, -3, -2.6, -2.2), Run("rlcm-30", 1, 1, -3, -2, -1.2),
        ],
        [
            Inference("rlcm", null, (1, -3, 0.9, 0.01), (2, -3, 1, 0.02), (4, -3, 1, 0.04)), Inference("rlcm", 1, (1, -1.5, 0.5, 0.01), (2, -1.2, 0.76, 0.02), (4, -1, 0.8, 0.04)), Inference("rlcm", 2, (1, -1.5, 0.5, 0.01), (2, -1.2, 0.76, 0.02), (4, -1, 0.8, 0.04)),
            Inference("ddpo", null, (4, -4, 0.5, 0.08), (50, -4, 0.9, 1)), Inference("ddpo", 1, (4, -3.5, 0.4, 0.08), (50, -3, 0.8, 1)), Inference("ddpo", 2, (4, -3.5, 0.4, 0.08), (50, -3, 0.6, 1)),
        ],
        [Unseen(change: 1, half: 0.5)]);
}

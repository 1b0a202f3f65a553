using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction;

/// <summary>What a study measures beside its runs.</summary>
/// <param name="Evaluation">Which animals are drawn to see how many are recognized, and what a run reports before and after.</param>
/// <param name="ConsistencySteps">Sampling steps at which RLCM's models are measured.</param>
/// <param name="DiffusionSteps">Sampling steps at which DDPO's models are measured.</param>
/// <param name="RateRounds">How often the update of every arm is timed; the median counts.</param>
/// <param name="Samples">Pictures of a prompt where prompt sets are compared.</param>
internal sealed record StudyScope(
    EvaluationScope Evaluation, IReadOnlyList<int> ConsistencySteps, IReadOnlyList<int> DiffusionSteps, int RateRounds, int Samples);

/// <summary>A study as code: its runs in the order in which they are made, and what is measured of them.</summary>
/// <param name="Name">What it is called in <c>study.json</c>.</param>
/// <param name="Runs">All runs.</param>
/// <param name="Scope">What is measured beside.</param>
internal sealed record StudyDefinition(string Name, IReadOnlyList<StudyRun> Runs, StudyScope Scope)
{
    /// <summary>Raised where runs of older definitions no longer belong to this one.</summary>
    public const int Version = 2;

    /// <summary>The training horizon of RLCM's default, in both presets.</summary>
    public const int Horizon = 4;

    /// <summary>The arm of RLCM's default.</summary>
    public const string Rlcm = "rlcm";

    /// <summary>The arm of RLCM by the recipe of the released code.</summary>
    public const string Released = $"{Rlcm}-released";

    private const string Compression = "compression";
    private const string Incompression = "incompression";
    private const string Alignment = "alignment";

    // The budget that all arms share: UPDATES x IMAGES reward queries, an evaluation every few of them.
    private const int ImagesPerUpdate = 64;
    private const int Updates = 40;
    private const int EvaluateEvery = 5;

    // Of DDPO, by the part learning-rates, on compression.
    private const string DdpoLearningRate = "4e-3";

    /// <summary>The arm of DDPO: that of the chosen rate.</summary>
    public const string DdpoArm = $"{Ddpo}-lr-{DdpoLearningRate}";

    /// <summary>The algorithm and its preset.</summary>
    public const string Ddpo = "ddpo";

    /// <summary>DDPO's sampling steps, in its preset.</summary>
    public const int DdpoHorizon = 50;

    private static readonly IReadOnlyList<string> TriedLearningRates = ["2e-3", "4e-3", "8e-3"];

    // What no ablation touches: the same animals and adapters everywhere, and one thread, so that two processes use two cores.
    private static readonly IReadOnlyList<string> Common =
        [$"prompts={StudyPrompts.Animals}", $"evaluationPrompts={StudyPrompts.Animals}", "loraRank=8", "loraAlpha=16", "threads=1", "checkpointEvery=5", "keepLast=1", "keepBest=0"];

    // With the preset's horizon, learning rate and clip range.
    private static readonly string[] ReleasedRecipe =
        ["finalStep=asReleased", "finalNoise=0", "scoredSteps=null", "advantage=perPrompt", "groupNoise=own", "minCount=4", "minibatches=1", "innerEpochs=1", "klCoefficient=0", "klThreshold=0", "learningRateDecay=linear"];

    private static readonly ulong[] Seeds = [1, 2, 3];

    // The animals by their names, as all runs ask for them: what is recognized in other prompts says little about those that are rewarded.
    private static readonly EvaluationScope Evaluation = EvaluationScope.Full with { Styled = false, EvaluationSeeds = 4, ReportSeeds = 4, OwnHorizonOnly = true };

    /// <summary>The whole study.</summary>
    public static StudyDefinition Full { get; } = new("full", FullRuns(), new(Evaluation, [1, 2, 4, 8, 16], [4, 8, 16, 50], RateRounds: 3, Samples: 4));

    /// <summary>Eight minutes on two idle cores, the same plots from little.</summary>
    public static StudyDefinition Quick { get; } = new("quick", QuickRuns(), new(Evaluation with { Animals = 15 }, [1, 2, 4, 8], [4, 8, 16, 50], RateRounds: 3, Samples: 1));

    private static StudyRun[] FullRuns()
    {
        string[] tasks = [Compression, Incompression, Alignment];
        var budget = Budget(Updates, ImagesPerUpdate, EvaluateEvery);
        return Merge(
        [
            .. TriedLearningRates.SelectMany(rate => DdpoAt(rate, [StudyPart.LearningRates], Compression, budget, seeds: [1])),
            .. Seeds.SelectMany(seed => tasks.SelectMany(task => (IEnumerable<StudyRun>)
            [
                .. Tuned(Rlcm, [StudyPart.Main], task, budget, [seed]),
                .. DdpoAt(DdpoLearningRate, [StudyPart.Main], task, budget, [seed]),
            ])),
            .. HorizonRuns([Compression, Alignment], budget, [2, 4, 8], Seeds),
            .. GeneralizationRuns(budget, Seeds),
            .. AblationRuns(Compression, budget, "2.5e-4", "1e-3", Seeds,
                ("final-unscored", ["finalStep=deterministic", "finalNoise=0", "scoredSteps=null"])),
            .. Arms([StudyPart.Ablations], Compression, budget, Seeds,
                ("once-lr-2e-3", ["minibatches=1", "innerEpochs=1", "learningRate=2e-3"]), // one step as long as four
                ("groups-own", ["groupNoise=own"]), // what per-prompt changes beside the advantage
                ("sum", ["logProb=sum", "maxGradNorm=5120", "klCoefficient=10.24"]), // 1024 dimensions times the mean's
                ("no-kl", ["klCoefficient=0", "klThreshold=0"]),
                ("kl-0.1", ["klThreshold=0.1"])), // a seventh of the preset's
            .. tasks.SelectMany(task => Tuned(Released, [StudyPart.Ablations], task, [.. budget, .. ReleasedRecipe], Seeds)),
            .. AblationRuns(Alignment, budget, "5e-4", "2e-3", Seeds,
                ("final-scored", ["finalStep=decoded", "finalNoise=0.3"])),
        ]);
    }

    private static StudyRun[] QuickRuns()
    {
        var budget = Budget(updates: 8, images: 16, evaluateEvery: 2);
        string[] quick = [.. budget, "samplingBatch=16", "microBatch=8", "threads=0"]; // one process on both cores
        string[] ddpo = [.. quick, "microBatch=4"];
        return Merge(
        [
            .. ((ulong[])[1, 2]).SelectMany(seed => Tuned(Rlcm, [StudyPart.Main], Compression, quick, [seed])),
            .. DdpoAt(DdpoLearningRate, [StudyPart.Main, StudyPart.LearningRates], Compression, ddpo, seeds: [1]),
            .. DdpoAt("1e-3", [StudyPart.LearningRates], Compression, ddpo, seeds: [1]),
            .. HorizonRuns([Compression], quick, [2, 4, 8], seeds: [1]),
            .. GeneralizationRuns(quick, seeds: [1]),
            .. Arms([StudyPart.Ablations], Compression, quick, seeds: [1], ("once", ["minibatches=1", "innerEpochs=1"])),
        ]);
    }

    /// <summary>RLCM at several horizons; the default's is the run of <see cref="StudyPart.Main"/>.</summary>
    private static IEnumerable<StudyRun> HorizonRuns(IEnumerable<string> tasks, IReadOnlyList<string> budget, IReadOnlyList<int> horizons, IReadOnlyList<ulong> seeds) =>
        tasks.SelectMany(task => horizons.SelectMany(horizon =>
            Tuned(horizon == Horizon ? Rlcm : $"{Rlcm}-h{horizon}", [StudyPart.Horizon], task, horizon == Horizon ? budget : [.. budget, $"horizon={horizon}"], seeds)));

    /// <summary>RLCM on 30 of the animals.</summary>
    private static IEnumerable<StudyRun> GeneralizationRuns(IReadOnlyList<string> budget, IReadOnlyList<ulong> seeds) =>
        Tuned($"{Rlcm}-30", [StudyPart.Generalization], Compression, [.. budget, $"prompts={StudyPrompts.Trained}"], seeds);

    /// <summary>One change each of RLCM's default, which is compared with the run of <see cref="StudyPart.Main"/>.</summary>
    private static IEnumerable<StudyRun> AblationRuns(string task, IReadOnlyList<string> budget, string half, string twice, IReadOnlyList<ulong> seeds, (string Name, string[] Sets) finalStep) =>
    [
        .. Tuned(Rlcm, [StudyPart.Ablations], task, budget, seeds),
        .. Arms([StudyPart.Ablations], task, budget, seeds,
            finalStep,
            ("per-prompt", ["advantage=perPrompt", "groupNoise=own", "minCount=4"]),
            ("once", ["minibatches=1", "innerEpochs=1"]),
            ($"lr-{half}", [$"learningRate={half}"]),
            ($"lr-{twice}", [$"learningRate={twice}"])),
    ];

    private static IEnumerable<StudyRun> Arms(IReadOnlyList<string> parts, string task, IReadOnlyList<string> budget, IReadOnlyList<ulong> seeds, params (string Name, string[] Sets)[] arms) =>
        arms.SelectMany(arm => Tuned($"{Rlcm}-{arm.Name}", parts, task, [.. budget, .. arm.Sets], seeds));

    private static IEnumerable<StudyRun> Tuned(string arm, IReadOnlyList<string> parts, string task, IReadOnlyList<string> sets, IReadOnlyList<ulong> seeds) =>
        seeds.Select(seed => new StudyRun(parts, task, arm, task == Alignment ? "alignment" : "quick", [$"task={task}", .. Common, .. sets], seed));

    private static IEnumerable<StudyRun> DdpoAt(string rate, IReadOnlyList<string> parts, string task, IReadOnlyList<string> budget, IReadOnlyList<ulong> seeds) =>
        seeds.Select(seed => new StudyRun(parts, task, $"{Ddpo}-lr-{rate}", Ddpo, [$"task={task}", .. Common, "gallery=null", "patience=3", .. budget, $"learningRate={rate}"], seed));

    private static string[] Budget(int updates, int images, int evaluateEvery) => [$"updates={updates}", $"imagesPerUpdate={images}", $"evaluateEvery={evaluateEvery}"];

    /// <summary>A run that several parts look at is one run.</summary>
    private static StudyRun[] Merge(IEnumerable<StudyRun> runs) =>
        [.. runs.GroupBy(run => run.Name, StringComparer.Ordinal).Select(same => same.First() with { Parts = [.. same.SelectMany(run => run.Parts).Distinct(StringComparer.Ordinal)] })];
}

using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Comparison;

/// <summary>How the reward of a run went, read from its folder: <c>config.json</c> and <c>metrics.jsonl</c> are enough, and it may still be under way.</summary>
/// <param name="Name">What it is called beside others.</param>
/// <param name="Path">Its folder, absolute.</param>
/// <param name="Task">The task of its configuration.</param>
/// <param name="Reward">What was raised; rewards of one name are on one scale.</param>
/// <param name="Algorithm">The algorithm as configurations name it, such as <c>rlcm</c>.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="EvaluationPrompts">The file of its evaluation prompts, as its configuration names it.</param>
/// <param name="Evaluations">The evaluations on fixed prompts and seeds by update; at least one.</param>
/// <param name="Training">The updates with the pictures that they trained on.</param>
public sealed record RunCurve(
    string Name, string Path, string Task, NamedReward Reward, string Algorithm, ulong Seed, string EvaluationPrompts,
    IReadOnlyList<CurvePoint> Evaluations, IReadOnlyList<CurvePoint> Training)
{
    private const double Largest = 1e100; // sums and differences of such numbers are finite

    /// <summary>The first evaluation, which is the untuned model's.</summary>
    public CurvePoint Start => Evaluations[0];

    /// <summary>The evaluation with the highest mean reward, the first of several.</summary>
    public CurvePoint Best => Evaluations.MaxBy(point => point.RewardMean)!;

    /// <summary>The last evaluation so far.</summary>
    public CurvePoint End => Evaluations[^1];

    /// <summary>Whether every evaluation has its place on <paramref name="axis"/>: U-Net evaluations were not always counted.</summary>
    public bool Has(CurveAxis axis) => Evaluations.All(point => point.On(axis) is not null);

    /// <summary>Reads the folder of a run. Nothing is locked or changed.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="name">What to call it; null: the folder's name.</param>
    /// <exception cref="UserErrorException">The folder holds no run, or its configuration is of another version.</exception>
    /// <exception cref="FileContentException">A file is damaged, or there is no evaluation in it yet.</exception>
    public static RunCurve Read(string folder, string? name = null)
    {
        var run = RunFolder.Open(folder);
        var config = TrainConfigReader.ReadRun(run.Config, [], []);
        var (updates, evaluations) = File.Exists(run.Metrics) ? MetricsFile.Read(run.Metrics) : ([], []);
        if (evaluations.Count == 0)
            throw new FileContentException(run.Metrics, position: null, $"{run.Metrics}: expected an evaluation, of the untuned model at least, found none yet; wait for it, or leave the run out.");
        var counted = new UnetCounts(updates);
        CurvePoint[] evaluated =
        [
            .. Ordered(evaluations, line => line.Update).Select(line => new CurvePoint(
                line.Update, line.Queries, line.Seconds, counted.Sampling(line.Update), counted.Training(line.Update), line.RewardMean, line.RewardStd, line.Images, line.RecognizedShare)),
        ];
        CurvePoint[] trained =
        [
            .. Ordered(updates, line => line.Update).Select(line => new CurvePoint(
                line.Update, line.Queries, line.Seconds, counted.Sampling(line.Update), counted.Training(line.Update), line.RewardMean, line.RewardStd, config.ImagesPerUpdate, RecognizedShare: null)),
        ];
        if (evaluated.Concat(trained).FirstOrDefault(point => !IsDrawable(point)) is { } odd)
            throw new FileContentException(run.Metrics, $"update {odd.Update}", $"{run.Metrics}: expected finite rewards and seconds, found others at update {odd.Update}; remove the line.");
        var full = System.IO.Path.TrimEndingDirectorySeparator(run.Path);
        return new(
            name ?? System.IO.Path.GetFileName(full), full, config.Task, NamedReward.Of(config), TrainConfigReader.ToSettings(config)["algorithm"], config.Seed,
            config.EvaluationPrompts, evaluated, trained);
    }

    /// <summary>One line for each update, by update: of several the last, which were written after the run had been continued.</summary>
    private static IEnumerable<T> Ordered<T>(IEnumerable<T> lines, Func<T, int> update) => lines.GroupBy(update).OrderBy(same => same.Key).Select(same => same.Last());

    private static bool IsDrawable(CurvePoint point) => Math.Abs(point.RewardMean) <= Largest && Math.Abs(point.RewardStd) <= Largest && Math.Abs(point.Seconds) <= Largest && Math.Abs(point.RecognizedShare ?? 0) <= 1;

    /// <summary>The counters of the updates, for lines that have none of their own; none at all where an update lacks them.</summary>
    private sealed class UnetCounts(IReadOnlyList<UpdateMetrics> updates)
    {
        private readonly Dictionary<int, UpdateMetrics>? _lines = updates.All(line => line is { SamplingEvaluations: not null, TrainingEvaluations: not null })
            ? Ordered(updates, line => line.Update).ToDictionary(line => line.Update) : null;

        public long? Sampling(int update) => Of(update, line => line.SamplingEvaluations);

        public long? Training(int update) => Of(update, line => line.TrainingEvaluations);

        private long? Of(int update, Func<UpdateMetrics, long?> count) => _lines is null ? null
            : update == 0 ? 0
            : _lines.TryGetValue(update, out var line) ? count(line) : null;
    }
}

using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Inspection;

/// <summary>Looks at a run's folder: what it trains, how far it is, and how to go on.</summary>
internal static class RunInspector
{
    /// <summary>Whether the folder <paramref name="path"/> is that of a run.</summary>
    public static bool Recognizes(string path) => File.Exists(Path.Combine(path, "config.json")) && (File.Exists(Path.Combine(path, "metrics.jsonl")) || Directory.Exists(Path.Combine(path, "checkpoints")));

    public static PathInspection Inspect(string path)
    {
        var run = RunFolder.Open(path);
        var config = TrainConfigReader.ReadRun(run.Config, [], []);
        var (_, evaluations) = File.Exists(run.Metrics) ? MetricsFile.Read(run.Metrics) : ([], []);
        var checkpoints = new CheckpointStore(run.Checkpoints).Numbers;
        var isKept = FinishedRun.IsTrimmed(path); // its figures and its adapter, and nothing to go on from
        var done = checkpoints.Count > 0 ? checkpoints[^1] : isKept && evaluations.Count > 0 ? evaluations[^1].Update : 0; // lines of metrics beyond it are made again
        List<InspectedFact> facts =
        [
            new("task", config.Task),
            new("model", config.Model),
            new("progress", $"{done} of {config.Updates} updates"),
            new("checkpoints", isKept ? "none, the finished run was made small" : checkpoints.Count == 0 ? "none" : string.Join(", ", checkpoints)),
        ];
        var holder = RunLock.HolderOf(path);
        var damage = holder is null && !isKept ? Damage(run) : null; // a run in use deletes checkpoints
        if (holder is not null)
            facts.Add(new("in use by", holder));
        if (evaluations.Count > 0)
        {
            var best = evaluations.MaxBy(evaluation => evaluation.RewardMean)!;
            facts.Add(new("mean reward", $"{Number(evaluations[0].RewardMean)} at first, {Number(evaluations[^1].RewardMean)} after update {evaluations[^1].Update}"));
            facts.Add(new("best", $"{Number(best.RewardMean)} after update {best.Update}{(isKept ? string.Empty : $": {run.Best}")}"));
        }

        if (holder is null && damage is null && !isKept && ((done < config.Updates && !Plateau.IsReached(evaluations, config.Patience)) || !File.Exists(run.Evaluation)))
            facts.Add(new("go on with it", config.Task == Tuning.Task ? "run the program of its reward again" : $"rlcm train --resume {path}"));
        if (TrainingResult.Of(run, config).Path is var result && Directory.Exists(result))
            facts.Add(new("draw with it", $"rlcm sample {(result == run.Model ? $"--model {result}" : $"{Base(config)} --adapter {result}")}{(config.Algorithm == TrainAlgorithm.Ddpo ? $" --steps {config.Horizon} --eta {Number(config.Eta)}" : string.Empty)} --prompt TEXT --output F.png"));
        return new("training run") { Facts = facts, Problems = damage is not null ? [damage] : [] };
    }

    private static string Base(TrainConfig config) => $"--model {config.Model}{(config.LcmLora is { } lcmLora ? $" --lcm-lora {lcmLora}" : "")}";

    /// <summary>What keeps the run's checkpoint from being used; null where nothing does.</summary>
    private static string? Damage(RunFolder run)
    {
        try
        {
            using var latest = new CheckpointStore(run.Checkpoints).Latest();
            return latest is null && TrainingRun.HasHadCheckpoints(run) ? TrainingRun.LostCheckpoints(run) : null;
        }
        catch (UserErrorException error)
        {
            return error.Message;
        }
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

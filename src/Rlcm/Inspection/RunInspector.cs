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
        var (updates, evaluations) = File.Exists(run.Metrics) ? MetricsFile.Read(run.Metrics) : ([], []);
        var checkpoints = new CheckpointStore(run.Checkpoints).Numbers;
        var done = updates.Count > 0 ? updates[^1].Update : 0;
        List<InspectedFact> facts =
        [
            new("task", config.Task),
            new("model", config.Model),
            new("progress", $"{done} of {config.Updates} updates"),
            new("checkpoints", checkpoints.Count == 0 ? "none" : string.Join(", ", checkpoints)),
        ];
        if (evaluations.Count > 0)
        {
            var best = evaluations.MaxBy(evaluation => evaluation.RewardMean)!;
            facts.Add(new("mean reward", $"{Number(evaluations[0].RewardMean)} at first, {Number(evaluations[^1].RewardMean)} after update {evaluations[^1].Update}"));
            facts.Add(new("best", $"{Number(best.RewardMean)} after update {best.Update}: {run.BestAdapter}"));
        }

        if (done < config.Updates)
            facts.Add(new("go on with it", $"rlcm train --resume {path}"));
        if (Directory.Exists(run.Adapter))
            facts.Add(new("draw with it", $"rlcm sample --model {config.Model}{(config.LcmLora is { } lcmLora ? $" --lcm-lora {lcmLora}" : "")} --adapter {run.Adapter} --prompt TEXT --output F.png"));
        return new("training run") { Facts = facts };
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The metrics of a run as TensorBoard events: a scalar for each number of a line of <c>metrics.jsonl</c>, under the same name; of parts, <c>NAME/PART/mean</c>.</summary>
public sealed class TensorBoardLog : IDisposable
{
    private readonly TensorBoardWriter _writer;

    private TensorBoardLog(TensorBoardWriter writer) => _writer = writer;

    /// <summary>Starts with what <paramref name="updates"/> and <paramref name="evaluations"/> of <c>metrics.jsonl</c> say; earlier event files are deleted, since they may go beyond.</summary>
    public static TensorBoardLog Continue(string folder, IReadOnlyList<UpdateMetrics> updates, IReadOnlyList<EvaluationMetrics> evaluations, TimeProvider time)
    {
        string[] earlier = Directory.Exists(folder) ? Directory.GetFiles(folder, TensorBoardWriter.FilePrefix + "*") : [];
        var log = new TensorBoardLog(new(folder, time));
        foreach (var (_, append) in updates.Select(line => (line.Update, new Action(() => log.Append(line))))
            .Concat(evaluations.Select(line => (line.Update, new Action(() => log.Append(line))))).OrderBy(line => line.Update))
            append(); // an update before its evaluation
        foreach (var file in earlier)
            FileChanges.Delete(file);
        return log;
    }

    /// <summary>Adds <c>train/NAME</c> for every number, at the step of that update.</summary>
    public void Append(UpdateMetrics metrics) => Append("train", metrics.Update, JsonSerializer.SerializeToElement(metrics, MetricsFile.JsonOptions));

    /// <summary>Adds <c>evaluation/NAME</c> for every number, at the step of the last update before it.</summary>
    public void Append(EvaluationMetrics metrics) => Append("evaluation", metrics.Update, JsonSerializer.SerializeToElement(metrics, MetricsFile.JsonOptions));

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void Append(string group, int step, JsonElement metrics) => _writer.Write(
        step,
        metrics.EnumerateObject().Where(entry => entry.Name != "update").SelectMany(entry => Numbers($"{group}/{entry.Name}", entry.Value)));

    private static IEnumerable<(string Name, float Value)> Numbers(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => [(name, value.GetSingle())],
        JsonValueKind.Object => value.EnumerateObject().SelectMany(entry => Numbers($"{name}/{entry.Name}", entry.Value)),
        _ => [],
    };
}

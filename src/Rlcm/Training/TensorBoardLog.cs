using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The metrics of a run as TensorBoard events: a scalar for each number of a line of <c>metrics.jsonl</c>, under the same name.</summary>
public sealed class TensorBoardLog : IDisposable
{
    private readonly TensorBoardWriter _writer;

    /// <summary>Starts a new event file in <paramref name="folder"/>, beside those of earlier sessions of the run.</summary>
    public TensorBoardLog(string folder, TimeProvider time) => _writer = new TensorBoardWriter(folder, time);

    /// <summary>Adds <c>train/NAME</c> for every number, at the step of that update.</summary>
    public void Append(UpdateMetrics metrics) => Append("train", metrics.Update, JsonSerializer.SerializeToElement(metrics, MetricsFile.JsonOptions));

    /// <summary>Adds <c>evaluation/NAME</c> for every number, at the step of the last update before it.</summary>
    public void Append(EvaluationMetrics metrics) => Append("evaluation", metrics.Update, JsonSerializer.SerializeToElement(metrics, MetricsFile.JsonOptions));

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void Append(string group, int step, JsonElement metrics) => _writer.Write(
        step,
        metrics.EnumerateObject().Where(number => number.Value.ValueKind == JsonValueKind.Number && number.Name != "update").Select(number => ($"{group}/{number.Name}", number.Value.GetSingle())));
}

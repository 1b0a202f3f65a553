using System.Text;
using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Appends to <c>metrics.jsonl</c>, a JSON object a line; every line is handed to the system at once.</summary>
public sealed class MetricsLog : IDisposable
{
    private readonly FileStream _file;

    private MetricsLog(string path, FileMode mode) => _file = FileChanges.Open(path, mode);

    /// <summary>Starts the log of a run from nothing; an earlier one is replaced.</summary>
    public static MetricsLog Create(string path) => new(path, FileMode.Create);

    /// <summary>Continues the log of a run after <paramref name="lastUpdate"/>: lines of later updates, which will be done again, are dropped.</summary>
    public static MetricsLog Continue(string path, int lastUpdate)
    {
        var (updates, evaluations) = MetricsFile.Read(path);
        var kept = updates.Where(line => line.Update <= lastUpdate).Select(line => (line.Update, 0, Json: Serialize(line)))
            .Concat(evaluations.Where(line => line.Update <= lastUpdate).Select(line => (line.Update, 1, Json: Serialize(line))))
            .OrderBy(line => (line.Update, line.Item2));
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(string.Concat(kept.Select(line => line.Json + "\n")))));
        return new(path, FileMode.Append);
    }

    /// <summary>Appends an update.</summary>
    public void Append(UpdateMetrics metrics) => Append(Serialize(metrics));

    /// <summary>Appends an evaluation.</summary>
    public void Append(EvaluationMetrics metrics) => Append(Serialize(metrics));

    /// <summary>Forces the lines onto the disk, before a checkpoint says that their updates are done.</summary>
    public void FlushToDisk() => _file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Append(string line) => _file.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private static string Serialize(UpdateMetrics metrics) => JsonSerializer.Serialize(metrics, MetricsFile.JsonOptions);

    private static string Serialize(EvaluationMetrics metrics) => JsonSerializer.Serialize(new { evaluation = metrics }, MetricsFile.JsonOptions);
}

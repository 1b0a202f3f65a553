using System.Text;
using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>A line of <c>loss.jsonl</c>.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Loss of the last one.</param>
/// <param name="LearningRate">Its learning rate.</param>
public sealed record LossEntry(long Step, double Loss, double LearningRate);

/// <summary><c>loss.jsonl</c>: a JSON object per step, written with the checkpoints.</summary>
/// <param name="path">The file; it need not exist.</param>
public sealed class LossLog(string path)
{
    private static readonly JsonSerializerOptions Json = StrictJson.Options(JsonNamingPolicy.SnakeCaseLower);

    private readonly List<LossEntry> _pending = [];

    /// <summary>The lines of the file. A last line that was cut off while being written is left out.</summary>
    /// <exception cref="FileContentException">It is not UTF-8, or another line is no such object.</exception>
    public IReadOnlyList<LossEntry> Read() => File.Exists(path) ? [.. Utf8Text.ReadWholeLines(path).Select(line => Parse(line.Text, line.Number))] : [];

    internal void Record(LossEntry entry) => _pending.Add(entry);

    internal void Flush()
    {
        using (var file = FileChanges.Open(path, FileMode.Append))
        {
            file.Write(Encoding.UTF8.GetBytes(ToLines(_pending)));
            file.Flush(flushToDisk: true); // before a checkpoint says that these steps are done
        }

        _pending.Clear();
    }

    /// <summary>Drops the lines of steps after <paramref name="step"/>, which will be done again.</summary>
    internal void ContinueAfter(long step)
    {
        var kept = Read().Where(entry => entry.Step <= step);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(ToLines(kept))));
    }

    /// <summary>What the file lacks of <paramref name="steps"/> steps, a phrase; empty where it lacks nothing.</summary>
    internal IReadOnlyList<string> Gaps(long steps)
    {
        var there = Read().Select(entry => entry.Step).Where(step => step <= steps).Distinct().LongCount();
        return there == steps ? [] : [$"{path} had a line for each of {steps} steps, is without {steps - there}"];
    }

    private LossEntry Parse(string line, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<LossEntry>(line, Json) ?? throw new JsonException("null is no object");
        }
        catch (JsonException error)
        {
            throw new FileContentException(path, $"line {number}", $"{path}:{number}: expected a JSON object with step and loss, found something else; remove the line.", error);
        }
    }

    private static string ToLines(IEnumerable<LossEntry> entries) => string.Concat(entries.Select(entry => JsonSerializer.Serialize(entry, Json) + "\n"));
}

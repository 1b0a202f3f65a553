using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Reads <c>metrics.jsonl</c>.</summary>
public static class MetricsFile
{
    /// <summary>Names in snake case.</summary>
    internal static readonly JsonSerializerOptions JsonOptions = StrictJson.Options(JsonNamingPolicy.SnakeCaseLower);

    private sealed record EvaluationLine(EvaluationMetrics? Evaluation);

    /// <summary>The updates and the evaluations of the file, each in order. A last line that was cut off while being written is left out.</summary>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    /// <exception cref="FileContentException">It is not UTF-8, or another line is no metrics object.</exception>
    public static (IReadOnlyList<UpdateMetrics> Updates, IReadOnlyList<EvaluationMetrics> Evaluations) Read(string path)
    {
        var updates = new List<UpdateMetrics>();
        var evaluations = new List<EvaluationMetrics>();
        foreach (var (number, line) in Utf8Text.ReadWholeLines(path))
        {
            try
            {
                if (line.StartsWith("{\"evaluation\"", StringComparison.Ordinal))
                    evaluations.Add(Parse<EvaluationLine>(line).Evaluation ?? throw new JsonException());
                else
                    updates.Add(Parse<UpdateMetrics>(line));
            }
            catch (JsonException exception)
            {
                throw new FileContentException(path, $"line {number}", $"{path}:{number}: expected a JSON object of metrics, found something else; remove the line.", exception);
            }
        }

        return (updates, evaluations);
    }

    /// <summary>What the file lacks of a run of <paramref name="updates"/> updates, a phrase; empty where it lacks nothing.</summary>
    /// <exception cref="UserErrorException">As <see cref="Read"/>, but for a missing file.</exception>
    internal static IReadOnlyList<string> Gaps(string path, int updates)
    {
        var there = File.Exists(path) ? Read(path).Updates.Select(line => line.Update).ToHashSet() : [];
        int[] missing = [.. Enumerable.Range(1, updates).Where(update => !there.Contains(update))];
        return missing.Length == 0 ? [] : [$"{path} had a line for each of {updates} updates, is without {missing.Length}, the first of them that of update {missing[0]}"];
    }

    private static T Parse<T>(string line) => JsonSerializer.Deserialize<T>(line, JsonOptions) ?? throw new JsonException();
}

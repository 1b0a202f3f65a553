using System.Text.Json;
using System.Text.RegularExpressions;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary>The index of weights in several files: which tensor is in which (<c>weight_map</c> of a <c>*.index.json</c>).</summary>
/// <param name="Path">The index.</param>
/// <param name="FileOf">The full path of each tensor's file, by key.</param>
internal sealed partial record ShardIndex(string Path, IReadOnlyDictionary<string, string> FileOf)
{
    /// <summary>All files, by name.</summary>
    public IReadOnlyList<string> Shards { get; } = [.. FileOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Reads the index and checks that all its files are there.</summary>
    /// <exception cref="UserErrorException">It cannot be read.</exception>
    /// <exception cref="FileContentException">It is damaged, names files that are missing or elsewhere, or more or fewer than their names say.</exception>
    public static ShardIndex Read(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var index = new ShardIndex(path, Parse(path).ToDictionary(entry => entry.Key, entry => System.IO.Path.Combine(folder, entry.Value), StringComparer.Ordinal));
        foreach (var shard in index.Shards)
        {
            if (!File.Exists(shard))
                throw new FileContentException(path, null, $"{path}: the shard {System.IO.Path.GetFileName(shard)} is missing; expected it beside the index, download it.");
            if (!ContainedFile.IsInside(folder, shard))
                throw new FileContentException(path, null, $"{path}: the shard {System.IO.Path.GetFileName(shard)} is a link out of the folder, expected a file beside the index; copy the file there, or link the whole folder.");
            if (CountInName.Match(shard) is { Success: true } match && int.Parse(match.Groups["count"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) is var count && count != index.Shards.Count)
                throw new FileContentException(path, null, $"{path}: expected {count} shards, as {System.IO.Path.GetFileName(shard)} says, found {index.Shards.Count}; the index belongs to other files, download both again.");
        }

        return index;
    }

    private static Dictionary<string, string> Parse(string path)
    {
        try
        {
            using var document = StrictJson.Parse(UserFile.Read(path));
            var map = document.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? "", StringComparer.Ordinal);
            if (map.Count == 0 || map.Values.FirstOrDefault(name => name.Length == 0 || System.IO.Path.GetFileName(name) != name) is not null)
                throw new FileContentException(path, "weight_map", $"{path}: weight_map: expected the name of a file in the same folder for every tensor, found {map.Values.FirstOrDefault(name => System.IO.Path.GetFileName(name) != name) ?? "none"}; download it again.");
            return map;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FileContentException(path, JsonMistake.PositionOf(error), $"{path}: expected JSON with the object weight_map, each tensor once ({JsonMistake.Describe(error)}); download it again.", error);
        }
    }

    [GeneratedRegex(@"-of-(?<count>[0-9]{1,9})[^/\\]*$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CountInName { get; }
}

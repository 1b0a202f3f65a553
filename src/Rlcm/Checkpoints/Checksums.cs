using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary><c>checksums.json</c>: the SHA-256 of every file of a folder, by name.</summary>
internal static class Checksums
{
    public const string FileName = "checksums.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes the checksums of all files that <paramref name="folder"/> holds now.</summary>
    public static void Write(string folder)
    {
        var sums = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder))
            sums[Path.GetFileName(path)] = FileHash.Sha256(path);
        AtomicFile.Write(Path.Combine(folder, FileName), stream => stream.Write(Content(sums)));
    }

    /// <summary>Recomputes the checksums of <paramref name="folder"/>: what is wrong, the start of a sentence that names the file; null where nothing is.</summary>
    public static string? Problem(string folder)
    {
        var list = Path.Combine(folder, FileName);
        try
        {
            var bytes = File.ReadAllBytes(list);
            var sums = new SortedDictionary<string, string>(JsonSerializer.Deserialize<Dictionary<string, string>>(bytes) ?? [], StringComparer.Ordinal);
            if (sums.Count == 0 || sums.Keys.Any(name => Path.GetFileName(name) != name) || !Content(sums).SequenceEqual(bytes))
                return $"{list} is damaged: it is not as it was written";
            return sums.Select(entry => Problem(Path.Combine(folder, entry.Key), entry.Value)).FirstOrDefault(problem => problem is not null);
        }
        catch (JsonException error)
        {
            return $"{list} is damaged: it is not as it was written ({JsonMistake.Describe(error)})";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{list}, or a file that it lists, cannot be read ({error.Message.TrimEnd('.')})";
        }
    }

    private static string? Problem(string path, string expected)
    {
        if (!File.Exists(path))
            return $"{path} is missing, but {FileName} lists it";
        var found = FileHash.Sha256(path);
        return found == expected ? null : $"{path} is damaged: its SHA-256 is {found}, {FileName} says {expected}";
    }

    /// <summary>Always the same bytes for the same sums, so that no byte can change unnoticed.</summary>
    private static byte[] Content(SortedDictionary<string, string> sums) => JsonSerializer.SerializeToUtf8Bytes(sums, Indented);
}

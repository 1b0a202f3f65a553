using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary><c>checksums.json</c>: the SHA-256 of every file of a folder, by relative path with forward slashes.</summary>
internal static class Checksums
{
    public const string FileName = "checksums.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the checksums of all files that <paramref name="folder"/> holds now.</summary>
    public static void Write(string folder)
    {
        var sums = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            sums[Path.GetRelativePath(folder, path).Replace('\\', '/')] = FileHash.Sha256(path);
        using var stream = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(stream, sums, Indented);
    }

    /// <summary>Recomputes the checksums of <paramref name="folder"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing or differs; it is named.</exception>
    public static void Verify(string folder)
    {
        foreach (var (name, expected) in Read(Path.Combine(folder, FileName)))
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
                throw new UserErrorException($"{path} is missing, but {FileName} lists it; continue from another checkpoint.");
            var found = FileHash.Sha256(path);
            if (found != expected)
                throw new UserErrorException($"{path} is damaged: its SHA-256 is {found}, {FileName} says {expected}; continue from another checkpoint.");
        }
    }

    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path)) is { Count: > 0 } sums
                ? sums
                : throw new UserErrorException($"{path} lists no files; continue from another checkpoint.");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot read {path} ({error.Message}); continue from another checkpoint.", error);
        }
    }
}

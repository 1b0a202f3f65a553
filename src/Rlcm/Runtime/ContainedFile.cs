namespace Rlcm.Runtime;

/// <summary>
/// Files that a file of data names, such as the shards of an index: links may not lead them out of their folder, or whoever wrote the data would
/// decide which files of this machine are read. Files that users name themselves may lie anywhere.
/// </summary>
internal static class ContainedFile
{
    private const int MostLinks = 40; // as in Linux

    // The Hugging Face cache: models--ORG--NAME/snapshots/COMMIT/PATH are links to models--ORG--NAME/blobs/DIGEST.
    private const string Snapshots = "snapshots";
    private const string Blobs = "blobs";

    /// <summary>
    /// Whether <paramref name="path"/>, all links followed, lies in <paramref name="folder"/>; for a snapshot of the Hugging Face cache,
    /// or in the blobs of the same repository.
    /// </summary>
    public static bool IsInside(string folder, string path)
    {
        if (Resolve(folder) is not { } root || Resolve(path) is not { } file)
            return false;
        return Contains(root, file) || (BlobsOf(root) is { } blobs && Path.GetDirectoryName(file) == blobs);
    }

    private static bool Contains(string folder, string file) =>
        file.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string? BlobsOf(string folder)
    {
        for (var below = folder; Path.GetDirectoryName(below) is { } parent; below = parent)
        {
            if (Path.GetFileName(parent) == Snapshots && Path.GetDirectoryName(parent) is { } repository && Path.GetFileName(repository).Contains("--", StringComparison.Ordinal))
                return Path.Combine(repository, Blobs);
        }

        return null;
    }

    /// <summary>The path without links, also without those of folders on the way; null where links run in a circle.</summary>
    private static string? Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        var real = Path.GetPathRoot(full)!;
        var rest = new Stack<string>();
        Push(rest, full);
        for (var links = 0; rest.TryPop(out var part);)
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            var next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
                return null;
            if (Path.IsPathRooted(target))
                real = Path.GetPathRoot(target)!;
            Push(rest, target);
        }

        return real;
    }

    private static void Push(Stack<string> rest, string path)
    {
        var parts = path[Path.GetPathRoot(path)!.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts.Where(part => part != ".").Reverse())
            rest.Push(part);
    }
}

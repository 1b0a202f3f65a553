namespace Rlcm.Runtime;

/// <summary>
/// Finds what a configuration names by a relative path. The current directory comes first, so that a user's own file wins; then the folders
/// above it, the program's folder and those above that, where presets and models of the project are.
/// </summary>
public static class ShippedFiles
{
    private static readonly string OnTop = $"..{Path.DirectorySeparatorChar}";

    /// <summary>The full path of the file or folder <paramref name="path"/>, or null when there is none.</summary>
    public static string? Find(string path)
    {
        if (Path.IsPathRooted(path))
            return Path.Exists(path) ? Path.GetFullPath(path) : null;
        return Roots().Select(root => Path.GetFullPath(Path.Combine(root, path))).FirstOrDefault(Path.Exists);
    }

    /// <summary>As <see cref="Find"/>, for what must be there.</summary>
    /// <param name="path">What to find.</param>
    /// <param name="what">What it is, for the message: <c>the model folder</c>.</param>
    /// <exception cref="UserErrorException">There is no such file or folder.</exception>
    public static string Require(string path, string what) => Find(path) ?? throw new UserErrorException(
        $"Cannot find {what} {path}: neither from {Directory.GetCurrentDirectory()} nor from {AppContext.BaseDirectory} upwards; check the path.");

    /// <summary>The shortest relative path by which <see cref="Find"/> finds <paramref name="path"/> here and in another copy of the project; <paramref name="path"/> itself where there is none.</summary>
    public static string NameOf(string path)
    {
        var full = Path.GetFullPath(path);
        return Roots().Where(root => Path.GetPathRoot(root) != root).Select(root => Path.GetRelativePath(root, full))
            .Where(name => name != ".." && !name.StartsWith(OnTop, StringComparison.Ordinal) && Find(name) == full)
            .MinBy(name => name.Length)?.Replace(Path.DirectorySeparatorChar, '/') ?? path;
    }

    private static IEnumerable<string> Roots() => [.. Upwards(Directory.GetCurrentDirectory()), .. Upwards(AppContext.BaseDirectory)];

    private static IEnumerable<string> Upwards(string folder)
    {
        for (var current = new DirectoryInfo(folder); current is not null; current = current.Parent)
            yield return current.FullName;
    }
}

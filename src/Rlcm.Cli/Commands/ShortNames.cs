namespace Rlcm.Cli.Commands;

/// <summary>Names for paths that stand beside each other: of each the shortest end that no other has, such as <c>small</c> of <c>runs/small</c>.</summary>
internal static class ShortNames
{
    /// <summary>A name for each path.</summary>
    /// <param name="paths">The folders and the file of each path; all differ.</param>
    /// <param name="taken">Names that something else has.</param>
    public static string[] Of(IReadOnlyList<string[]> paths, params string[] taken)
    {
        string[][] reserved = [.. taken.Select(name => (string[])[name])];
        return
        [
            .. paths.Select((own, index) =>
            {
                string[][] others = [.. paths.Where((_, other) => other != index), .. reserved];
                var length = Enumerable.Range(1, Math.Max(1, own.Length)).First(length => length >= own.Length || !others.Any(other => other.TakeLast(length).SequenceEqual(own.TakeLast(length))));
                return string.Join('/', own.TakeLast(length));
            }),
        ];
    }

    /// <summary>The folders and the file of a path.</summary>
    public static string[] Parts(string path) => path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
}

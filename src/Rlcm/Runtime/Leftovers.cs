using System.Text.RegularExpressions;

namespace Rlcm.Runtime;

/// <summary>
/// What writing leaves beside its target when the process is killed: <c>NAME.ID.tmp</c>, which was being filled, and <c>NAME.ID.old</c>,
/// which was being replaced. ID are 32 hexadecimal digits, so that nothing of a user's is taken for it.
/// </summary>
internal static partial class Leftovers
{
    private const string Temporary = ".tmp";
    private const string Replaced = ".old";

    /// <summary>A pair of new names beside <paramref name="target"/>: one to fill, one for what is replaced.</summary>
    public static (string Temporary, string Replaced) NamesFor(string target)
    {
        var unique = $"{target}.{Guid.NewGuid():N}";
        return (unique + Temporary, unique + Replaced);
    }

    /// <summary>Whether <paramref name="path"/> has the name of a leftover.</summary>
    public static bool Is(string path) => Name.IsMatch(Path.GetFileName(path));

    /// <summary>
    /// Tidies up in a folder in which nobody else writes: what was being filled is deleted, what was being replaced gets its name back
    /// where nothing has taken its place.
    /// </summary>
    /// <param name="folder">The folder; nothing where it is not there.</param>
    /// <param name="target">Only leftovers of this name; null: all.</param>
    public static void CleanUp(string folder, string? target = null)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var path in Directory.GetFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            var match = Name.Match(Path.GetFileName(path));
            if (!match.Success || target is not null && match.Groups["target"].Value != target)
                continue;
            var place = Path.Combine(folder, match.Groups["target"].Value);
            if (path.EndsWith(Replaced, StringComparison.Ordinal) && Directory.Exists(path) && !Path.Exists(place))
                FileChanges.RenameFolder(path, place);
            else
                FileChanges.Delete(path);
        }
    }

    [GeneratedRegex(@"^(?<target>.+)\.[0-9a-f]{32}\.(tmp|old)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Name { get; }
}

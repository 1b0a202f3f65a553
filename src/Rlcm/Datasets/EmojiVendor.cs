namespace Rlcm.Datasets;

/// <summary>One set of drawings of the same emoji.</summary>
/// <param name="Style">The word that asks for this set in a caption.</param>
/// <param name="Package">npm package that carries it.</param>
/// <param name="Folder">Folder of the pictures inside the package.</param>
/// <param name="Extension">File name extension of the pictures, with the dot.</param>
public sealed record EmojiVendor(string Style, string Package, string Folder, string Extension)
{
    /// <summary>The four sets whose licences permit redistribution without share-alike; see NOTICE.md.</summary>
    public static IReadOnlyList<EmojiVendor> All { get; } =
    [
        new("noto", "emoji-datasource-google", "img/google/64", ".png"),
        new("twemoji", "emoji-datasource-twitter", "img/twitter/64", ".png"),
        new("flat", "@lobehub/fluent-emoji-flat", "assets", ".svg"),
        new("3d", "@lobehub/fluent-emoji-3d", "assets", ".webp"),
    ];

    /// <summary>
    /// Pictures of this vendor below <paramref name="packages"/>, by normalized code point. Of several spellings of one code point the
    /// longest counts, which holds the variation selector and is thereby the colored form.
    /// </summary>
    internal Dictionary<string, string> Pictures(string packages) =>
        Directory.EnumerateFiles(Path.Combine(packages, Package, Folder), "*" + Extension)
            .GroupBy(path => CodePoint.Normalize(Path.GetFileNameWithoutExtension(path)), StringComparer.Ordinal)
            .ToDictionary(spellings => spellings.Key, spellings => spellings.MaxBy(path => path.Length)!, StringComparer.Ordinal);
}

using System.Collections.Frozen;
using System.Text.Json;

namespace Rlcm.Datasets;

/// <summary>
/// The 45 animals of the RLCM prompts (Oertell et al. 2024, released code) and the emoji that show them.
/// The table is data, <c>animals.json</c> beside this file: it was made by hand, since labels and tags also match baseball bats and doves.
/// </summary>
public static class AnimalTable
{
    private static readonly (string Word, string[] Codepoints)[] Rows = Load();

    private static readonly FrozenDictionary<string, string> WordsByCodepoint =
        Rows.SelectMany(row => row.Codepoints.Select(codepoint => KeyValuePair.Create(codepoint, row.Word))).ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> WordsByMainPicture =
        Rows.Select(row => KeyValuePair.Create(row.Codepoints[0], row.Word)).ToFrozenDictionary();

    /// <summary>The 45 words, in the paper's order.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Rows.Select(row => row.Word)];

    /// <summary>Normalized code points whose pictures show <paramref name="word"/>, the one that is labeled with the plain word first.</summary>
    /// <exception cref="ArgumentException">The word is not one of the 45.</exception>
    public static IReadOnlyList<string> Codepoints(string word) =>
        Array.Find(Rows, row => row.Word == word).Codepoints ?? throw new ArgumentException($"'{word}' is not one of the 45 animals.", nameof(word));

    /// <summary>The animal that the picture with this normalized code point shows, or null.</summary>
    public static string? ShownBy(string codepoint) => WordsByCodepoint.GetValueOrDefault(codepoint);

    /// <summary>The plain word when this code point is an animal's main picture, else null: it replaces labels such as <c>ewe</c>.</summary>
    internal static string? MainWord(string codepoint) => WordsByMainPicture.GetValueOrDefault(codepoint);

    private static (string Word, string[] Codepoints)[] Load()
    {
        using var stream = typeof(AnimalTable).Assembly.GetManifestResourceStream("Rlcm.Datasets.animals.json")!;
        using var table = JsonDocument.Parse(stream);
        return
        [
            .. table.RootElement.EnumerateObject()
                .Select(row => (row.Name, row.Value.EnumerateArray().Select(codepoint => codepoint.GetString()!).ToArray())),
        ];
    }
}

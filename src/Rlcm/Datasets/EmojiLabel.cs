using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Datasets;

/// <summary>What emojibase says of one emoji.</summary>
/// <param name="Codepoint">Normalized code point.</param>
/// <param name="Label">The emoji's name, such as <c>red heart</c>.</param>
/// <param name="Group">The emoji's group, such as <c>animals-nature</c>.</param>
internal sealed record EmojiLabel(string Codepoint, string Label, string Group)
{
    public const string Package = "emojibase-data";
    private static readonly string[] Excluded = ["component", "flags"];

    /// <summary>
    /// All emoji in emojibase's order, without flags, without components (skin tones, hair) and without regional indicators, which have no group.
    /// Skin-tone variants are nested in <c>skins</c> and thereby left out.
    /// </summary>
    /// <exception cref="UserErrorException">A file is missing or is not emojibase's.</exception>
    public static IReadOnlyList<EmojiLabel> Read(string packages)
    {
        var names = Parse(Path.Combine(packages, Package, "meta", "groups.json"), ReadGroups);
        return Parse(Path.Combine(packages, Package, "en", "data.json"), root => ReadLabels(root, names));
    }

    private static Dictionary<int, string> ReadGroups(JsonElement root) =>
        root.GetProperty("groups").EnumerateObject().ToDictionary(group => int.Parse(group.Name), group => Text(group.Value));

    private static EmojiLabel[] ReadLabels(JsonElement root, Dictionary<int, string> groups) =>
    [
        .. root.EnumerateArray()
            .Where(entry => entry.TryGetProperty("group", out _))
            .OrderBy(entry => entry.GetProperty("order").GetInt32())
            .Select(entry => new EmojiLabel(
                CodePoint.Normalize(Text(entry.GetProperty("hexcode"))),
                Text(entry.GetProperty("label")),
                groups[entry.GetProperty("group").GetInt32()]))
            .Where(label => !Excluded.Contains(label.Group)),
    ];

    private static string Text(JsonElement value) => value.GetString() ?? throw new JsonException("null is not a text");

    private static T Parse<T>(string path, Func<JsonElement, T> read)
    {
        try
        {
            using var document = StrictJson.Parse(File.ReadAllBytes(path));
            return read(document.RootElement);
        }
        catch (Exception error) when (error is IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            var sentence = $"{path} is not the file of {Package} that was expected ({JsonMistake.Describe(error)}); fetch the packages again with eng/fetch-emoji.sh.";
            throw error is IOException ? new UserErrorException(sentence, error) : new FileContentException(path, JsonMistake.PositionOf(error), sentence, error);
        }
    }
}

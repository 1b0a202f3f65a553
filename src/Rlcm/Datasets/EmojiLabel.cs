using System.Text.Json;

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
    public static IReadOnlyList<EmojiLabel> Read(string packages)
    {
        using var groups = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(packages, Package, "meta", "groups.json")));
        var names = groups.RootElement.GetProperty("groups").EnumerateObject().ToDictionary(group => int.Parse(group.Name), group => group.Value.GetString()!);

        using var emoji = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(packages, Package, "en", "data.json")));
        return
        [
            .. emoji.RootElement.EnumerateArray()
                .Where(entry => entry.TryGetProperty("group", out _))
                .OrderBy(entry => entry.GetProperty("order").GetInt32())
                .Select(entry => new EmojiLabel(
                    CodePoint.Normalize(entry.GetProperty("hexcode").GetString()!),
                    entry.GetProperty("label").GetString()!,
                    names[entry.GetProperty("group").GetInt32()]))
                .Where(label => !Excluded.Contains(label.Group)),
        ];
    }
}

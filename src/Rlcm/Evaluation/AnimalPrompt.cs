using Rlcm.Datasets;

namespace Rlcm.Evaluation;

/// <summary>A prompt that asks for one of the 45 animals.</summary>
/// <param name="Word">The animal.</param>
/// <param name="Text">The prompt.</param>
public sealed record AnimalPrompt(string Word, string Text)
{
    /// <summary>Every animal in every style, as the embedded models know them: <c>a flat cat</c>, <c>a 3d cat</c>, ...</summary>
    public static IReadOnlyList<AnimalPrompt> Styled(IEnumerable<string> words) =>
        [.. words.SelectMany(word => EmojiVendor.All.Select(vendor => new AnimalPrompt(word, Caption.Compose(word, vendor.Style))))];

    /// <summary>Their names alone, the prompts of the paper: <c>cat</c>.</summary>
    public static IReadOnlyList<AnimalPrompt> Named(IEnumerable<string> words) => [.. words.Select(word => new AnimalPrompt(word, word))];
}

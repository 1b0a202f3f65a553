using Microsoft.ML.Tokenizers;
using Rlcm.Models.Clip;

namespace Rlcm.Rewards.Alignment;

/// <summary>
/// Cuts text into the words that byte-level byte-pair encoding works on, as GPT-2 and RoBERTa do:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>. Nothing is lost; a word has the space before it.
/// </summary>
/// <remarks>Scanned by code point: .NET's regular expressions see UTF-16 halves and would take letters beyond the basic plane for symbols. Source: openai/gpt-2 encoder.py.</remarks>
internal sealed class ByteLevelWords : PreTokenizer
{
    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = WordEnd(text, start);
            yield return (start, end - start);
            start = end;
        }
    }

    private static int WordEnd(string text, int start)
    {
        var contraction = ClipWords.Contractions.FirstOrDefault(item => string.CompareOrdinal(text, start, item, 0, item.Length) == 0);
        if (contraction is not null)
            return start + contraction.Length;

        var first = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        var kind = ClipWords.KindAt(text, first, out _);
        if (kind != ClipWords.Kind.Space)
            return RunEnd(text, first, kind);
        var end = RunEnd(text, start, ClipWords.Kind.Space);
        return end == text.Length || end == start + 1 ? end : end - 1; // the last one belongs to the next word
    }

    private static int RunEnd(string text, int start, ClipWords.Kind kind)
    {
        var end = start;
        while (end < text.Length && ClipWords.KindAt(text, end, out var length) == kind)
            end += length;
        return end;
    }
}

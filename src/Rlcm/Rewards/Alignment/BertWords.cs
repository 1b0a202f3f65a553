using System.Globalization;
using System.Text;
using Rlcm.Models.Clip;

namespace Rlcm.Rewards.Alignment;

/// <summary>Cleans text and cuts it into the words that WordPiece works on, as BERT's <em>fast</em> tokenizer of transformers does.</summary>
/// <remarks>
/// Source: <c>BertNormalizer</c> and <c>BertPreTokenizer</c> of huggingface/tokenizers. By code point, and with Unicode tables of our own:
/// <c>BertTokenizer</c> of Microsoft.ML.Tokenizers 2.0 drops everything beyond the basic plane (emoji, rare ideographs), and keeps accents where
/// .NET runs without ICU.
/// </remarks>
/// <param name="LowerCase"><c>do_lower_case</c>.</param>
/// <param name="StripAccents"><c>strip_accents</c>.</param>
/// <param name="SplitIdeographs"><c>tokenize_chinese_chars</c>.</param>
internal sealed record BertWords(bool LowerCase, bool StripAccents, bool SplitIdeographs)
{
    /// <summary>The blocks of CJK ideographs, first and last code point of each; not those of Japanese syllables or Hangul.</summary>
    private static readonly (int First, int Last)[] Ideographs =
    [
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F),
    ];

    /// <summary>The words of <paramref name="text"/> with a space between.</summary>
    public string Split(string text)
    {
        var words = new StringBuilder(text.Length);
        foreach (var rune in Clean(text).EnumerateRunes())
        {
            if (IsPunctuation(rune))
                words.Append(' ').Append(rune).Append(' ');
            else
                words.Append(rune);
        }

        return words.ToString();
    }

    private string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\t' or '\n' or '\r' || (!IsControl(rune) && Rune.IsWhiteSpace(rune)))
                clean.Append(' ');
            else if (IsControl(rune) || rune == Rune.ReplacementChar)
                continue;
            else if (SplitIdeographs && Array.Exists(Ideographs, block => rune.Value >= block.First && rune.Value <= block.Last))
                clean.Append(' ').Append(rune).Append(' ');
            else
                clean.Append(rune);
        }

        var words = clean.ToString();
        if (StripAccents)
            words = string.Concat(CanonicalComposition.Decompose(words).EnumerateRunes().Where(rune => Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark));
        return LowerCase ? ClipWords.ToLower(words) : words;
    }

    private static bool IsControl(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune) || (rune.IsAscii && Rune.IsSymbol(rune)); // such as $, which Unicode calls a symbol
}

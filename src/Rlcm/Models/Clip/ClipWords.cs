using System.Globalization;
using System.Text;

namespace Rlcm.Models.Clip;

/// <summary>
/// Normalizes text and cuts it into the words that byte-pair encoding works on, as the fast CLIP tokenizer does:
/// NFC, lower case, then <c>'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+</c>. White space separates and vanishes.
/// </summary>
/// <remarks>
/// Scanned by code point: .NET's regular expressions see UTF-16 halves and would take letters beyond the basic plane for symbols.
/// Source: <c>CLIPConverter</c> of transformers, convert_slow_tokenizer.py.
/// </remarks>
internal static class ClipWords
{
    internal static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>What the words of byte-pair encoding are made of.</summary>
    internal enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>The words of <paramref name="text"/> in order.</summary>
    public static IEnumerable<string> Split(string text)
    {
        var normal = ToLower(CanonicalComposition.Normalize(text));
        for (var start = 0; start < normal.Length;)
        {
            var end = WordEnd(normal, start);
            if (KindAt(normal, start, out _) != Kind.Space)
                yield return normal[start..end];
            start = end;
        }
    }

    private static int WordEnd(string text, int start)
    {
        var contraction = Contractions.FirstOrDefault(item => string.CompareOrdinal(text, start, item, 0, item.Length) == 0);
        if (contraction is not null)
            return start + contraction.Length;

        var kind = KindAt(text, start, out var length);
        var end = start + length;
        while (kind != Kind.Number && end < text.Length && KindAt(text, end, out length) == kind)
            end += length;
        return end;
    }

    /// <summary>The kind of the code point at <paramref name="index"/>, which is no half of one, and its length in UTF-16.</summary>
    internal static Kind KindAt(string text, int index, out int length)
    {
        var rune = Rune.GetRuneAt(text, index);
        length = rune.Utf16SequenceLength;
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }

    /// <summary>Lower case of each code point by itself: no final sigma, and the dotted capital I becomes two code points.</summary>
    internal static string ToLower(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 'İ')
                lower.Append("i\u0307");
            else
                lower.Append(Rune.ToLowerInvariant(rune));
        }

        return lower.ToString();
    }
}

using System.Text;

namespace Rlcm.Models.Clip;

/// <summary>The byte-level alphabet of GPT-2 and CLIP: one printable character for each of the 256 bytes.</summary>
/// <remarks>Source: <c>bytes_to_unicode</c> of openai/CLIP, clip/simple_tokenizer.py.</remarks>
internal static class ByteAlphabet
{
    /// <summary>Marks the symbol that ends a word.</summary>
    public const string EndOfWord = "</w>";

    /// <summary>Bytes in the order of their ids: the printable ones first, then the others.</summary>
    private static readonly byte[] Order = [.. AllBytes.Where(IsPrintable), .. AllBytes.Where(value => !IsPrintable(value))];

    private static readonly char[] CharacterOf = MakeCharacters();

    /// <summary>The 512 basic symbols in the order of their ids: 256 bytes, then the same with <see cref="EndOfWord"/>.</summary>
    public static IEnumerable<string> Symbols =>
        Order.Select(value => CharacterOf[value].ToString()).Concat(Order.Select(value => CharacterOf[value] + EndOfWord));

    private static IEnumerable<byte> AllBytes => Enumerable.Range(0, 256).Select(value => (byte)value);

    /// <summary>The symbols a word is made of before any merge: a character for each UTF-8 byte, the last with <see cref="EndOfWord"/>.</summary>
    public static List<string> Split(string word)
    {
        var symbols = Encoding.UTF8.GetBytes(word).Select(value => CharacterOf[value].ToString()).ToList();
        symbols[^1] += EndOfWord;
        return symbols;
    }

    private static bool IsPrintable(byte value) => value is >= (byte)'!' and <= (byte)'~' or >= 0xA1 and <= 0xAC or >= 0xAE;

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        var next = 256;
        foreach (var value in Order)
            characters[value] = IsPrintable(value) ? (char)value : (char)next++;
        return characters;
    }
}

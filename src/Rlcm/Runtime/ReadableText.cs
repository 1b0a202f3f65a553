namespace Rlcm.Runtime;

/// <summary>Text of a file as part of a message: it must neither command a terminal nor fill it.</summary>
internal static class ReadableText
{
    private const int LongestMessage = 4000; // a list of twenty problems stays whole

    /// <summary><paramref name="text"/> on one line, with '?' for control characters and halves of characters, and its middle left out where it is very long.</summary>
    public static string OneLine(string text) => Plain(text.Length > LongestMessage ? $"{text[..(LongestMessage / 2)]} ... {text[^(LongestMessage / 2)..]}" : text);

    /// <summary>The beginning of a text that is quoted, as by <see cref="OneLine"/>.</summary>
    public static string Quote(string text, int length = 120) => Plain(text.Length > length ? $"{text[..length]}..." : text);

    private static string Plain(string text) => string.Create(text.Length, text, static (plain, text) =>
    {
        for (var i = 0; i < plain.Length; i++)
            plain[i] = IsPlain(text, i) ? text[i] : '?';
    });

    private static bool IsPlain(string text, int at) => !char.IsControl(text[at]) && text[at] is not ('\u2028' or '\u2029')
        && (!char.IsSurrogate(text[at]) || (at + 1 < text.Length && char.IsSurrogatePair(text, at)) || (at > 0 && char.IsSurrogatePair(text, at - 1)));
}

using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>The sentences in which files of PyTorch are refused.</summary>
internal static class PickleError
{
    private const int QuotedLength = 120;

    /// <summary>The file at <paramref name="path"/> breaks its format.</summary>
    public static UserErrorException Damaged(string path, string what) =>
        new($"{path}: {what}; the file is damaged or cut short, fetch it again.");

    /// <summary>The file at <paramref name="path"/> is or holds something that is not read.</summary>
    public static UserErrorException Unsupported(string path, string what) =>
        new($"{path}: {what}; if you trust where it is from, convert it to safetensors, or load it in PyTorch and save its state_dict alone.");

    /// <summary>Text of the file as part of a message: one line, no control characters, not long.</summary>
    public static string Quote(string text)
    {
        var cut = text.Length > QuotedLength ? text[..QuotedLength] + "..." : text;
        return string.Concat(cut.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) || letter is '\u2028' or '\u2029' ? '?' : letter));
    }
}

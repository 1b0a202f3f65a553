using System.Text;
using System.Text.Unicode;
using Rlcm.Runtime;

namespace Rlcm.Prompts;

/// <summary>A list of prompts: UTF-8 text, one prompt a line, commas kept, blank lines skipped.</summary>
public static class PromptFile
{
    /// <summary>Reads all prompts in the order of the file, without surrounding white space.</summary>
    /// <exception cref="UserErrorException">The file does not exist, cannot be read, is not UTF-8, or holds no prompt.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"The prompt file {path} does not exist: name a UTF-8 text file with one prompt a line.");

        var bytes = UserFile.Read(path);
        RequireUtf8(path, bytes);
        string[] prompts = [.. Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        if (prompts.Length == 0)
            throw new UserErrorException($"The prompt file {path} holds no prompt: write one prompt a line.");
        return prompts;
    }

    private static void RequireUtf8(string path, ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return;

        var valid = 0;
        while (Rune.DecodeFromUtf8(bytes[valid..], out _, out var length) == System.Buffers.OperationStatus.Done)
            valid += length;
        var line = bytes[..valid].Count((byte)'\n') + 1;
        throw new UserErrorException($"The prompt file {path} is not UTF-8: line {line} holds the byte 0x{bytes[valid]:x2} (offset {valid}), which starts no character; save the file as UTF-8.");
    }
}

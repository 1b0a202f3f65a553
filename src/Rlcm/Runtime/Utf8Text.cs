using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Rlcm.Runtime;

/// <summary>Text of files, which must be UTF-8: other bytes would become question marks that nobody wrote.</summary>
internal static class Utf8Text
{
    /// <summary>The text of the file <paramref name="path"/>, without a byte order mark.</summary>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    /// <exception cref="FileContentException">It is not UTF-8.</exception>
    public static string Read(string path)
    {
        var bytes = UserFile.Read(path);
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
        var (offset, line) = FirstMistake(bytes);
        throw new FileContentException(path, $"line {line}, offset {offset}", $"The file {path} is not UTF-8: line {line} holds the byte 0x{bytes[offset]:x2} (offset {offset}), which starts no character; save the file as UTF-8.");
    }

    /// <summary>The lines of a log that is appended to with their numbers from 1, without empty ones, and without a last one that was cut off while being written.</summary>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    /// <exception cref="FileContentException">It is not UTF-8.</exception>
    public static IEnumerable<(int Number, string Text)> ReadWholeLines(string path)
    {
        var text = Read(path);
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n').Select((line, index) => (index + 1, line)).Where(line => line.line.Length > 0);
    }

    /// <summary>Where <paramref name="bytes"/>, which are not UTF-8, stop being it: the offset, and the line, from 1.</summary>
    public static (int Offset, int Line) FirstMistake(ReadOnlySpan<byte> bytes)
    {
        var offset = 0;
        while (Rune.DecodeFromUtf8(bytes[offset..], out _, out var length) == OperationStatus.Done)
            offset += length;
        return (offset, bytes[..offset].Count((byte)'\n') + 1);
    }
}

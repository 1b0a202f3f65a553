using System.Buffers.Binary;
using System.Text;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>A place in the bytes of a pickle: reads the arguments of instructions, never beyond the end, and says where a mistake is.</summary>
/// <param name="bytes">The whole pickle.</param>
/// <param name="path">The file it is from, for messages.</param>
internal sealed class PickleCursor(byte[] bytes, string path)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int _position;
    private int _instruction;

    /// <summary>The next instruction, known or not.</summary>
    public PickleOpcode Opcode()
    {
        _instruction = _position;
        return (PickleOpcode)Byte();
    }

    /// <summary>One unsigned byte.</summary>
    public byte Byte() => Take(1)[0];

    /// <summary>Two bytes, unsigned.</summary>
    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    /// <summary>Four bytes, signed.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    /// <summary>Four bytes, unsigned.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    /// <summary>Eight bytes, unsigned.</summary>
    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A number of <paramref name="length"/> bytes, signed; null where it exceeds 64 bits.</summary>
    public long? Integer(byte length)
    {
        var digits = Take(length);
        if (digits.Length > sizeof(long))
            return null;
        Span<byte> wide = stackalloc byte[sizeof(long)];
        wide.Fill(digits.Length > 0 && (digits[^1] & 0x80) != 0 ? byte.MaxValue : byte.MinValue);
        digits.CopyTo(wide);
        return BinaryPrimitives.ReadInt64LittleEndian(wide);
    }

    /// <summary>Text of <paramref name="length"/> bytes.</summary>
    public string Text(ulong length)
    {
        var text = Take(length);
        try
        {
            return Utf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged("text is not UTF-8");
        }
    }

    /// <summary>Text up to the end of the line, short as names are.</summary>
    public string Line()
    {
        var end = bytes.AsSpan(_position, Math.Min(PickleLimits.NameLength + 1, bytes.Length - _position)).IndexOf((byte)'\n');
        if (end < 0)
            throw Damaged("a name has no end");
        var line = Text((ulong)end);
        _position++;
        return line;
    }

    /// <summary>The next <paramref name="length"/> bytes.</summary>
    public ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(bytes.Length - _position))
            throw Damaged($"{length} more bytes are needed at {_position}, but data.pkl ends at {bytes.Length}");
        var taken = bytes.AsSpan(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    /// <summary>The current instruction cannot be meant.</summary>
    public FileContentException Damaged(string what) => PickleError.Damaged(path, $"{what} (instruction at byte {_instruction} of data.pkl)", Position);

    /// <summary>The current instruction asks for something that is not done.</summary>
    public FileContentException Unsupported(string what) => PickleError.Unsupported(path, $"{what} (instruction at byte {_instruction} of data.pkl)", Position);

    private string Position => $"data.pkl, offset {_instruction}";
}

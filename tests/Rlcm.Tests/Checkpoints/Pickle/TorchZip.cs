using System.IO.Compression;
using System.Numerics;
using System.Text;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>
/// Writes zip files byte by byte as torch does: stored, sizes behind the bytes, which begin at multiples of 64, and 64-bit records
/// throughout (caffe2/serialize/inline_container.cc).
/// </summary>
internal sealed class TorchZip(Stream stream)
{
    private const int Alignment = 64;
    private const ushort Flags = 0x0808; // UTF-8, sizes behind the bytes

    private readonly List<(string Name, ushort Method, uint Checksum, long Stored, long Length, long Offset)> _entries = [];

    /// <summary>Adds an entry, stored or deflated.</summary>
    public void Add(string name, byte[] content, bool deflate = false)
    {
        var stored = deflate ? Deflate(content) : content;
        Add(name, deflate ? (ushort)8 : (ushort)0, Checksum(content), stored.Length, content.Length, () => stream.Write(stored));
    }

    /// <summary>Adds a stored entry of <paramref name="length"/> bytes that are zero but for the last ones, without writing the zeros.</summary>
    public void AddSparse(string name, long length, byte[] tail) => Add(name, 0, 0, length, length, () =>
    {
        stream.Seek(length - tail.Length, SeekOrigin.Current);
        stream.Write(tail);
    });

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        var start = stream.Position;
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        foreach (var entry in _entries)
        {
            ulong[] wide = [.. new[] { entry.Length, entry.Stored, entry.Offset }.Where(size => size >= uint.MaxValue).Select(size => (ulong)size)];
            writer.Write("PK\x01\x02"u8);
            Write16(writer, 0, 0, Flags, entry.Method, 0, 0);
            Write32(writer, entry.Checksum, Narrow(entry.Stored), Narrow(entry.Length));
            Write16(writer, Encoding.UTF8.GetByteCount(entry.Name), wide.Length > 0 ? 4 + (8 * wide.Length) : 0, 0, 0, 0);
            Write32(writer, 0, Narrow(entry.Offset));
            writer.Write(Encoding.UTF8.GetBytes(entry.Name));
            if (wide.Length > 0)
                Write16(writer, 1, 8 * wide.Length);
            foreach (var size in wide)
                writer.Write(size);
        }

        var end = stream.Position;
        writer.Write("PK\x06\x06"u8);
        writer.Write(44UL);
        Write16(writer, 0x031e, 0x2d);
        Write32(writer, 0, 0);
        foreach (var number in (long[])[_entries.Count, _entries.Count, end - start, start])
            writer.Write(number);
        writer.Write("PK\x06\x07"u8);
        writer.Write(0U);
        writer.Write(end);
        writer.Write(1U);
        writer.Write("PK\x05\x06"u8);
        Write16(writer, 0, 0, _entries.Count, _entries.Count);
        Write32(writer, (uint)(end - start), Narrow(start));
        Write16(writer, 0);
    }

    private void Add(string name, ushort method, uint checksum, long stored, long length, Action write)
    {
        var offset = stream.Position;
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var padding = (int)(-(offset + 30 + nameBytes.Length + 4) & (Alignment - 1));
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("PK\x03\x04"u8);
        Write16(writer, 0, Flags, method, 0, 0);
        Write32(writer, 0, 0, 0);
        Write16(writer, nameBytes.Length, 4 + padding);
        writer.Write(nameBytes);
        writer.Write("FB"u8);
        Write16(writer, padding);
        writer.Write(Enumerable.Repeat((byte)'Z', padding).ToArray());
        writer.Flush();
        write();
        writer.Write("PK\x07\x08"u8);
        Write32(writer, checksum, Narrow(stored), Narrow(length));
        _entries.Add((name, method, checksum, stored, length, offset));
    }

    private static uint Narrow(long size) => (uint)Math.Min(size, uint.MaxValue);

    private static void Write16(BinaryWriter writer, params ReadOnlySpan<int> numbers)
    {
        foreach (var number in numbers)
            writer.Write((ushort)number);
    }

    private static void Write32(BinaryWriter writer, params ReadOnlySpan<uint> numbers)
    {
        foreach (var number in numbers)
            writer.Write(number);
    }

    private static byte[] Deflate(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            deflate.Write(content);
        return packed.ToArray();
    }

    // CRC-32 of zip, bit by bit.
    private static uint Checksum(byte[] content)
    {
        var checksum = uint.MaxValue;
        foreach (var value in content)
        {
            checksum ^= value;
            for (var bit = 0; bit < 8; bit++)
                checksum = (checksum >> 1) ^ (uint.CreateTruncating(-(int)(checksum & 1)) & 0xedb88320);
        }

        return ~checksum;
    }
}

using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// The central directory of a zip file, with the 64-bit records. <c>System.IO.Compression</c> neither says where a stored entry lies nor
/// moves within one, and weights of many gigabytes are read at offsets.
/// </summary>
/// <remarks>
/// Format: APPNOTE.TXT of PKWARE, sections 4.3.12 to 4.3.16 and 4.5.3. Checksums are not compared: torch does not either, and may be told
/// to write none.
/// </remarks>
internal static class ZipDirectory
{
    private const uint EntrySignature = 0x02014b50;
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const int EntryBytes = 46;
    private const int EndBytes = 22;
    private const int End64Bytes = 56;
    private const int Locator64Bytes = 20;
    private const int Extra64Tag = 1;
    private const int MaximumDeflateRatio = 1032; // of the deflate format itself

    /// <summary>The entries of <paramref name="file"/> by name.</summary>
    /// <exception cref="Runtime.UserErrorException">The directory is damaged, names an entry twice, or holds entries that are encrypted or packed otherwise than by deflate.</exception>
    public static Dictionary<string, ZipEntry> Read(SafeFileHandle file, string path)
    {
        var length = RandomAccess.GetLength(file);
        var (count, size, offset) = FindEnd(file, length, path);
        if (size > PickleLimits.Bytes)
            throw PickleError.Unsupported(path, $"its zip directory claims {size} bytes, more than the {PickleLimits.Bytes} that any file of weights needs");
        if (offset > (ulong)length || size > (ulong)length - offset)
            throw PickleError.Damaged(path, $"its zip directory of {size} bytes at {offset} lies beyond the end of the file at {length}");

        ReadOnlySpan<byte> rest = Bytes(file, (long)offset, (int)size, path);
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        for (ulong i = 0; i < count; i++)
        {
            var entry = ReadEntry(ref rest, path);
            if (!entries.TryAdd(entry.Name, entry))
                throw PickleError.Damaged(path, $"its zip directory names '{ReadableText.Quote(entry.Name)}' twice", Place(entry.Name));
        }

        return entries;
    }

    // Entries, bytes and place of the directory.
    private static (ulong Count, ulong Size, ulong Offset) FindEnd(SafeFileHandle file, long length, string path)
    {
        var tailStart = Math.Max(0, length - EndBytes - ushort.MaxValue);
        var tail = Bytes(file, tailStart, (int)(length - tailStart), path);
        var at = tail.Length - EndBytes;
        while (at >= 0 && !(U32(tail, at) == EndSignature && at + EndBytes + U16(tail, at + 20) == tail.Length))
            at--;
        if (at < 0)
            throw PickleError.Damaged(path, "it begins like a zip file but has no zip directory at its end");

        var (count, size, offset) = (U16(tail, at + 10), U32(tail, at + 12), U32(tail, at + 16));
        if (count != ushort.MaxValue && size != uint.MaxValue && offset != uint.MaxValue)
            return (count, size, offset);
        if (tailStart + at < Locator64Bytes)
            throw PickleError.Damaged(path, "its zip directory lacks the 64-bit record");
        var locator = Bytes(file, tailStart + at - Locator64Bytes, Locator64Bytes, path);
        var recordAt = U64(locator, 8);
        if (U32(locator, 0) != Locator64Signature || recordAt > (ulong)length)
            throw PickleError.Damaged(path, "its zip directory lacks the 64-bit record");
        var record = Bytes(file, (long)recordAt, End64Bytes, path);
        if (U32(record, 0) != End64Signature)
            throw PickleError.Damaged(path, "its zip directory lacks the 64-bit record");
        return (U64(record, 32), U64(record, 40), U64(record, 48));
    }

    private static ZipEntry ReadEntry(ref ReadOnlySpan<byte> rest, string path)
    {
        if (rest.Length < EntryBytes || U32(rest, 0) != EntrySignature)
            throw PickleError.Damaged(path, "its zip directory ends before its last entry");
        var (nameBytes, extraBytes, commentBytes) = (U16(rest, 28), U16(rest, 30), U16(rest, 32));
        if (rest.Length < EntryBytes + nameBytes + extraBytes + commentBytes)
            throw PickleError.Damaged(path, "its zip directory ends within an entry");
        var header = rest[..EntryBytes];
        var name = Encoding.UTF8.GetString(rest.Slice(EntryBytes, nameBytes));
        var extra = rest.Slice(EntryBytes + nameBytes, extraBytes);
        rest = rest[(EntryBytes + nameBytes + extraBytes + commentBytes)..];

        var (encrypted, method) = ((U16(header, 8) & 1) != 0, U16(header, 10));
        if (encrypted || method is not (0 or 8))
            throw PickleError.Unsupported(path, $"its zip entry '{ReadableText.Quote(name)}' is {(encrypted ? "encrypted" : $"packed by method {method}")}, expected stored or deflated", Place(name));
        ulong[] sizes = [U32(header, 24), U32(header, 20), U32(header, 42)];
        Widen(sizes, extra);
        if (sizes.Any(size => size > long.MaxValue / MaximumDeflateRatio))
            throw PickleError.Damaged(path, $"its zip entry '{ReadableText.Quote(name)}' has no possible size or place", Place(name));
        var entry = new ZipEntry(name, method != 0, (long)sizes[2], (long)sizes[1], (long)sizes[0]);
        if (entry.IsCompressed ? entry.ByteCount > entry.StoredBytes * MaximumDeflateRatio : entry.ByteCount != entry.StoredBytes)
            throw PickleError.Damaged(path, $"its zip entry '{ReadableText.Quote(name)}' cannot hold {entry.ByteCount} bytes in {entry.StoredBytes}", Place(name));
        return entry;
    }

    // Size, packed size and place that do not fit 32 bits are in an extra field, in this order.
    private static void Widen(ulong[] sizes, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            var (tag, bytes) = (U16(extra, 0), U16(extra, 2));
            if (extra.Length < 4 + bytes)
                return;
            var field = extra.Slice(4, bytes);
            for (var i = 0; tag == Extra64Tag && i < sizes.Length; i++)
            {
                if (sizes[i] != uint.MaxValue || field.Length < 8)
                    continue;
                sizes[i] = U64(field, 0);
                field = field[8..];
            }

            extra = extra[(4 + bytes)..];
        }
    }

    private static string Place(string name) => $"zip entry '{name}'";

    private static byte[] Bytes(SafeFileHandle file, long offset, int count, string path)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var read = RandomAccess.Read(file, bytes.AsSpan(done), offset + done);
            done += read > 0 ? read : throw PickleError.Damaged(path, $"its zip directory points beyond the end of the file, to {offset}", $"offset {offset}");
        }

        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Rlcm.Imaging;

/// <summary>The chunks of a PNG file, each with a checksum. Decoders look at some of them and draw what they can of the rest.</summary>
internal static class PngChunks
{
    private const int LengthBytes = 4;
    private const int NameBytes = 4;
    private const int ChecksumBytes = 4;

    private static readonly byte[] Signature = [0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n'];

    /// <summary>Whether <paramref name="file"/> begins as a PNG, damaged or not.</summary>
    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature.AsSpan(0, NameBytes));

    /// <summary>The first thing wrong with the chunks of a PNG file, the middle of a sentence, and its offset; null where nothing is.</summary>
    public static (string Reason, int Offset)? Damage(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
            return ("it does not begin as a PNG does", 0);
        for (var start = Signature.Length; ;)
        {
            var chunk = file[start..];
            if (chunk.Length < LengthBytes + NameBytes + ChecksumBytes)
                return ("it ends before its last chunk", start);
            var length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (length > chunk.Length - LengthBytes - NameBytes - ChecksumBytes)
                return ($"a chunk of {length} bytes reaches beyond its end", start);
            var content = chunk.Slice(LengthBytes, NameBytes + (int)length); // what the checksum is of
            var name = Encoding.ASCII.GetString(content[..NameBytes]);
            if (Crc32.HashToUInt32(content) != BinaryPrimitives.ReadUInt32BigEndian(chunk[(LengthBytes + content.Length)..]))
                return ($"the checksum of its chunk {name} is wrong", start);
            if (name == "IEND")
                return null;
            start += LengthBytes + content.Length + ChecksumBytes;
        }
    }
}

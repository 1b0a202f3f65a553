using System.Buffers.Binary;
using System.IO.Hashing;
using Rlcm.Datasets;
using Rlcm.Imaging;

namespace Rlcm.Fuzz.Targets;

/// <summary>The readers of pictures. Whoever writes a hostile PNG gives it right checksums, so a fuzzer's get them, too: it would never find them.</summary>
internal static class PictureTargets
{
    private const int Size = 8;
    private const int SignatureBytes = 8;
    private const int FrameBytes = 12; // length and name before the content of a chunk, its checksum behind

    /// <summary>The reader of PNG files.</summary>
    public static FuzzTarget Png { get; } = new("png", "picture.png", static path => PngFile.Read(path)) { Write = WriteWithChecksums };

    /// <summary>The reader of pictures of imagefolders.</summary>
    public static FuzzTarget Any { get; } = new("picture", "picture", static path => SquareRaster.Decode(path, Size)) { Write = WriteWithChecksums };

    private static void WriteWithChecksums(string path, byte[] bytes)
    {
        byte[] file = [.. bytes];
        if (PngChunks.IsPng(file))
        {
            for (var start = SignatureBytes; start + FrameBytes <= file.Length;)
            {
                var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(start));
                if (length > file.Length - start - FrameBytes)
                    break;
                var checksum = start + FrameBytes - 4 + (int)length;
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(checksum), Crc32.HashToUInt32(file.AsSpan(start + 4, 4 + (int)length)));
                start = checksum + 4;
            }
        }

        File.WriteAllBytes(path, file);
    }
}

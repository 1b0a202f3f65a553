using Rlcm.Imaging;

namespace Rlcm.Rewards;

/// <summary>The size of a picture as a JPEG file, equal to that of Pillow's <c>save(format="JPEG", quality=q)</c> byte for byte.</summary>
/// <remarks>
/// libvips and Pillow drive the same encoder (libjpeg-turbo): with 4:2:0 subsampling, standard Huffman tables and no metadata their scans
/// are identical, and Pillow's file has an 18-byte JFIF header more.
/// </remarks>
public static class JpegSize
{
    /// <summary>The quality of the compression rewards of DDPO and RLCM.</summary>
    public const int DefaultQuality = 95;

    private const int JfifHeader = 18;

    /// <summary>Bytes of the JPEG file of one picture.</summary>
    /// <param name="rgb">[H, W, 3], 0..255.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="quality">1..100.</param>
    /// <exception cref="ArgumentException">The buffer's length is not H*W*3.</exception>
    public static int Measure(ReadOnlySpan<byte> rgb, int height, int width, int quality = DefaultQuality) =>
        JpegFile.Encode(rgb, height, width, quality).Length + JfifHeader;
}

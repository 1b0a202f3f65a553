namespace Rlcm.Imaging;

/// <summary>How large a picture may be before it is decoded: its header may claim anything, and memory is taken by what it claims.</summary>
internal static class PictureLimits
{
    /// <summary>Pixels of the largest picture: 128 megapixels.</summary>
    public const int Pixels = 1 << 27;

    /// <summary>Deflate expands at most 1032 times, to eight pixels a byte; JPEG less.</summary>
    public const int PixelsPerByte = 8 * 1032;

    /// <summary>Pixels for which nothing is asked: 4 megapixels. WebP keeps an even picture of any size in a few bytes.</summary>
    public const int FreePixels = 1 << 22;

    /// <summary>Why a picture of such a size cannot be in a file of <paramref name="bytes"/> or is too large; null where it is neither.</summary>
    public static string? Refusal(int width, int height, long bytes)
    {
        var pixels = (long)width * height;
        if (pixels > FreePixels && pixels / PixelsPerByte > bytes)
            return $"its header claims {width}x{height} pixels, which {bytes} bytes cannot hold";
        return pixels > Pixels ? $"it has {width}x{height} pixels, more than the {Pixels} that are read; scale it down" : null;
    }
}

using SkiaSharp;

namespace Rlcm.Imaging;

/// <summary>Copies pixels between packed RGB and Skia's RGBA bitmaps.</summary>
public static class SkiaPixels
{
    /// <summary>Picture <paramref name="index"/> of <paramref name="images"/> as an opaque RGBA bitmap, which the caller disposes.</summary>
    public static SKBitmap ToBitmap(ImageBatch images, int index)
    {
        var bitmap = new SKBitmap(new SKImageInfo(images.Width, images.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var source = images[index];
        var target = bitmap.GetPixelSpan();
        for (int i = 0, j = 0; i < source.Length; i += 3, j += 4)
        {
            source.Slice(i, 3).CopyTo(target[j..]);
            target[j + 3] = byte.MaxValue;
        }

        return bitmap;
    }

    /// <summary>[1, H, W, 3] of an RGBA bitmap with straight alpha, laid over white.</summary>
    public static ImageBatch ToImage(SKBitmap bitmap)
    {
        var pixels = new byte[(long)bitmap.Width * bitmap.Height * 3];
        var source = bitmap.GetPixelSpan();
        for (int i = 0, j = 0; i < pixels.Length; i += 3, j += 4)
        {
            for (var channel = 0; channel < 3; channel++)
                pixels[i + channel] = OverWhite(source[j + channel], source[j + 3]);
        }

        return new ImageBatch(pixels, 1, bitmap.Height, bitmap.Width);
    }

    private static byte OverWhite(int value, int alpha) => (byte)((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

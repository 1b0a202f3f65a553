using Rlcm.Evaluation;
using Rlcm.Imaging;

namespace Rlcm.Tests.Evaluation;

/// <summary>Deterministic 64x64 pictures of colored rectangles on white.</summary>
internal static class Drawings
{
    private const int Size = 64;

    public static byte[] Rectangles(int seed)
    {
        var random = new Random(seed);
        var pixels = new byte[Size * Size * 3];
        Array.Fill(pixels, byte.MaxValue);
        for (var k = 0; k < 6; k++)
        {
            var (left, top, width, height) = (random.Next(8, 40), random.Next(8, 40), random.Next(4, 16), random.Next(4, 16));
            var color = new byte[3];
            random.NextBytes(color);
            for (var y = top; y < top + height; y++)
                for (var x = left; x < left + width; x++)
                    color.CopyTo(pixels, (y * Size + x) * 3);
        }

        return pixels;
    }

    /// <summary>The picture moved, with white where nothing was, after mirroring it if asked.</summary>
    public static byte[] Move(byte[] pixels, int dx, int dy, bool mirrored = false)
    {
        var moved = new byte[pixels.Length];
        Array.Fill(moved, byte.MaxValue);
        for (var y = 0; y < Size; y++)
            for (var x = 0; x < Size; x++)
            {
                var (fromX, fromY) = (x - dx, y - dy);
                if (fromX is >= 0 and < Size && fromY is >= 0 and < Size)
                    pixels.AsSpan((fromY * Size + (mirrored ? Size - 1 - fromX : fromX)) * 3, 3).CopyTo(moved.AsSpan((y * Size + x) * 3));
            }

        return moved;
    }

    public static byte[] Noisy(byte[] pixels, int seed, int amplitude)
    {
        var random = new Random(seed);
        return [.. pixels.Select(value => (byte)Math.Clamp(value + random.Next(-amplitude, amplitude + 1), 0, 255))];
    }

    public static ImageBatch Batch(params IReadOnlyList<byte[]> pictures) => new([.. pictures.SelectMany(picture => picture)], pictures.Count, Size, Size);

    /// <summary>A gallery whose entry i shows "i".</summary>
    public static Gallery Gallery(int count) => new(
        [.. Enumerable.Range(0, count).Select(i => new GalleryEntry($"{i}", $"a flat {i}", "flat", $"{i:x}"))],
        Batch([.. Enumerable.Range(0, count).Select(Rectangles)]));
}

namespace Rlcm.Imaging;

/// <summary>A batch of 8-bit RGB pictures of one size: plain data that may cross process borders.</summary>
public sealed record ImageBatch
{
    /// <summary>Wraps <paramref name="pixels"/>, laid out [N, H, W, 3].</summary>
    /// <exception cref="ArgumentException">The buffer's length is not N*H*W*3.</exception>
    public ImageBatch(byte[] pixels, int count, int height, int width)
    {
        if (pixels.Length != (long)count * height * width * 3)
            throw new ArgumentException($"Expected {count}x{height}x{width}x3 bytes, found {pixels.Length}.", nameof(pixels));
        (Pixels, Count, Height, Width) = (pixels, count, height, width);
    }

    /// <summary>[N, H, W, 3], 0..255.</summary>
    public byte[] Pixels { get; }

    /// <summary>N, the number of pictures.</summary>
    public int Count { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Optional: the same pictures before rounding, [N, H, W, 3] in 0..1, for rewards that want them.</summary>
    public float[]? Values { get; init; }

    /// <summary>The bytes of picture <paramref name="index"/>, [H, W, 3].</summary>
    public ReadOnlySpan<byte> this[int index] => Pixels.AsSpan(index * Height * Width * 3, Height * Width * 3);

    /// <summary>All pictures of <paramref name="batches"/>, of one size, in order.</summary>
    /// <exception cref="ArgumentException">There are none, or sizes differ.</exception>
    public static ImageBatch Concatenate(IReadOnlyList<ImageBatch> batches)
    {
        if (batches.Count == 0 || batches.Any(batch => batch.Height != batches[0].Height || batch.Width != batches[0].Width))
            throw new ArgumentException("Expected at least one batch, all of one picture size.", nameof(batches));
        return new([.. batches.SelectMany(batch => batch.Pixels)], batches.Sum(batch => batch.Count), batches[0].Height, batches[0].Width)
        {
            Values = batches.All(batch => batch.Values is not null) ? [.. batches.SelectMany(batch => batch.Values!)] : null,
        };
    }
}

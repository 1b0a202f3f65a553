namespace Rlcm.Imaging;

/// <summary>Puts pictures side by side.</summary>
public static class ImageGrid
{
    /// <summary>
    /// The pictures of <paramref name="images"/> row by row, <paramref name="columns"/> a row, without borders or labels; what is left of the
    /// last row is white.
    /// </summary>
    /// <returns>[1, rows H, columns W, 3].</returns>
    /// <exception cref="ArgumentException">There is no picture, or no column.</exception>
    public static ImageBatch Compose(ImageBatch images, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        if (images.Count == 0)
            throw new ArgumentException("A grid needs at least one picture.", nameof(images));

        var rows = (images.Count + columns - 1) / columns;
        var rowBytes = images.Width * 3;
        var pixels = new byte[rows * images.Height * columns * rowBytes];
        pixels.AsSpan().Fill(byte.MaxValue);
        for (var k = 0; k < images.Count; k++)
        {
            var (row, column) = Math.DivRem(k, columns);
            for (var y = 0; y < images.Height; y++)
            {
                var start = ((row * images.Height + y) * columns + column) * rowBytes;
                images[k].Slice(y * rowBytes, rowBytes).CopyTo(pixels.AsSpan(start));
            }
        }

        return new ImageBatch(pixels, 1, rows * images.Height, columns * images.Width);
    }
}

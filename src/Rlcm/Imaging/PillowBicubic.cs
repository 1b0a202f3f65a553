namespace Rlcm.Imaging;

/// <summary>
/// Pillow's <c>Image.resize(..., BICUBIC)</c>: a cubic filter (a = -1/2) that is widened where a picture shrinks, columns first. CLIP's
/// preprocessing is made of it; the bicubic filters of other libraries differ by several grey levels.
/// </summary>
/// <remarks>Source: Pillow, <c>src/libImaging/Resample.c</c>. For bytes, weights have 22 bits behind the point and each of the two passes rounds.</remarks>
internal static class PillowBicubic
{
    private const int FractionBits = 22;
    private const double Support = 2;
    private const double A = -0.5;

    /// <summary>Resizes 8-bit RGB, as Pillow does to the bit.</summary>
    /// <param name="rgb">[H, W, 3].</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="newHeight">Rows of the result.</param>
    /// <param name="newWidth">Columns of the result.</param>
    /// <returns>[newHeight, newWidth, 3].</returns>
    public static byte[] Resize(ReadOnlySpan<byte> rgb, int height, int width, int newHeight, int newWidth)
    {
        var wide = width == newWidth ? rgb : Pass(rgb, height, width, newWidth, inner: 3);
        return height == newHeight ? wide.ToArray() : Pass(wide, outer: 1, height, newHeight, newWidth * 3);
    }

    /// <summary>[outer, size, inner] to [outer, newSize, inner].</summary>
    private static byte[] Pass(ReadOnlySpan<byte> source, int outer, int size, int newSize, int inner)
    {
        var target = new byte[outer * newSize * inner];
        var windows = Windows(size, newSize);
        var weights = Array.ConvertAll(windows, window => Array.ConvertAll(window.Weights, weight => (int)(weight * (1 << FractionBits) + (weight < 0 ? -0.5 : 0.5))));
        for (var o = 0; o < outer; o++)
            for (var x = 0; x < newSize; x++)
                for (var i = 0; i < inner; i++)
                {
                    var sum = 1 << (FractionBits - 1);
                    for (var k = 0; k < weights[x].Length; k++)
                        sum += weights[x][k] * source[(o * size + windows[x].Start + k) * inner + i];
                    target[(o * newSize + x) * inner + i] = (byte)Math.Clamp(sum >> FractionBits, 0, 255);
                }
        return target;
    }

    /// <summary>For each place of the result, the first of the places it is made of, and their weights, which add up to 1.</summary>
    private static (int Start, double[] Weights)[] Windows(int size, int newSize)
    {
        var scale = (double)size / newSize;
        var (widening, narrowing) = (Math.Max(scale, 1), 1 / Math.Max(scale, 1));
        return [.. Enumerable.Range(0, newSize).Select(x =>
        {
            var center = (x + 0.5) * scale;
            var start = Math.Max(0, (int)(center - Support * widening + 0.5));
            var end = Math.Min(size, (int)(center + Support * widening + 0.5));
            double[] weights = [.. Enumerable.Range(start, end - start).Select(place => Filter((place - center + 0.5) * narrowing))];
            var sum = weights.Sum();
            return (start, Array.ConvertAll(weights, weight => weight / sum));
        })];
    }

    /// <summary>Keys' cubic convolution.</summary>
    private static double Filter(double x)
    {
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using Rlcm.Imaging;

namespace Rlcm.Evaluation;

/// <summary>How much pictures differ from one another.</summary>
public static class PictureDiversity
{
    /// <summary>
    /// Pictures nearer than this are near-identical. Measured on the emoji dataset: a picture and itself one pixel aside are 0.09 apart
    /// on average, the drawings of the 64 evaluation prompts at least 0.13 (docs/dataset.md).
    /// </summary>
    public const double NearIdenticalThreshold = 0.1;

    /// <summary>Root mean square difference of two pictures' values, 0..1.</summary>
    public static double Distance(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (a.Length != b.Length || a.IsEmpty)
            throw new ArgumentException($"Two pictures of one size are expected, found {a.Length} and {b.Length} bytes.", nameof(b));
        return Math.Sqrt(SumOfSquares(a, b) / (double)a.Length) / 255;
    }

    /// <summary>Mean distance over all pairs of the <paramref name="count"/> pictures from <paramref name="first"/> on, 0..1; 0 for fewer than two.</summary>
    public static double MeanPairwiseDistance(ImageBatch images, int first, int count)
    {
        double sum = 0;
        for (var i = first; i < first + count; i++)
            for (var j = i + 1; j < first + count; j++)
                sum += Distance(images[i], images[j]);
        return count < 2 ? 0 : sum / (count * (count - 1) / 2.0);
    }

    /// <summary>The largest number of pictures that lie within <paramref name="threshold"/> of one picture, that one included.</summary>
    public static int LargestNearIdenticalGroup(ImageBatch images, double threshold = NearIdenticalThreshold) =>
        images.Count == 0 ? 0 : Enumerable.Range(0, images.Count).Max(i => Enumerable.Range(0, images.Count).Count(j => Distance(images[i], images[j]) < threshold));

    private static long SumOfSquares(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var left = MemoryMarshal.Cast<byte, Vector<byte>>(a);
        var right = MemoryMarshal.Cast<byte, Vector<byte>>(b);
        long sum = 0;
        for (var i = 0; i < left.Length; i++)
        {
            Vector.Widen(Vector.Max(left[i], right[i]) - Vector.Min(left[i], right[i]), out var low, out var high);
            Vector.Widen(low * low, out var a0, out var a1);
            Vector.Widen(high * high, out var a2, out var a3);
            sum += Vector.Sum(a0 + a1 + a2 + a3);
        }

        for (var i = left.Length * Vector<byte>.Count; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}

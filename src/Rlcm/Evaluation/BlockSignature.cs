using System.Numerics;
using System.Runtime.InteropServices;

namespace Rlcm.Evaluation;

/// <summary>
/// A short vector whose distances never exceed those of the pictures. With P the orthonormal projection on block means and
/// r = |a - Pa| the part it loses, |a - b|^2 >= |Pa - Pb|^2 + (r_a - r_b)^2 by the reverse triangle inequality.
/// </summary>
internal static class BlockSignature
{
    /// <summary>Length of a signature with blocks of <paramref name="block"/> pixels: the block sums, and r.</summary>
    public static int Length(int block) => InkPicture.Size / block * (InkPicture.Size / block) * InkPicture.Channels + 1;

    /// <summary>Signatures of a picture at all shifts, [81, length], row (dy + 4) * 9 + dx + 4.</summary>
    public static float[] OfAllShifts(InkPicture picture, int block) => Of(picture, block, InkPicture.MaxShift);

    /// <summary>Signature of a picture where it is, [length].</summary>
    public static float[] OfUnshifted(InkPicture picture, int block) => Of(picture, block, 0);

    /// <summary>Squared distance of two signatures: a lower bound of the pictures' squared distance, up to rounding.</summary>
    public static float SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var left = MemoryMarshal.Cast<float, Vector<float>>(a);
        var right = MemoryMarshal.Cast<float, Vector<float>>(b);
        var total = Vector<float>.Zero;
        for (var i = 0; i < left.Length; i++)
        {
            var difference = left[i] - right[i];
            total += difference * difference;
        }

        var sum = Vector.Sum(total);
        for (var i = left.Length * Vector<float>.Count; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }

    private static float[] Of(InkPicture picture, int block, int maxShift)
    {
        var sums = PrefixSums(picture, squared: false);
        var squares = PrefixSums(picture, squared: true);
        var (length, blocks, shifts) = (Length(block), InkPicture.Size / block, 2 * maxShift + 1);
        var signatures = new float[shifts * shifts * length];
        for (var dy = -maxShift; dy <= maxShift; dy++)
            for (var dx = -maxShift; dx <= maxShift; dx++)
            {
                var signature = signatures.AsSpan(((dy + maxShift) * shifts + dx + maxShift) * length, length);
                var (top, left) = (InkPicture.MaxShift - dy, InkPicture.MaxShift - dx);
                double lost = 0;
                for (var c = 0; c < InkPicture.Channels; c++)
                {
                    lost += Box(squares, top, left, InkPicture.Size, c);
                    for (var i = 0; i < blocks; i++)
                        for (var j = 0; j < blocks; j++)
                        {
                            // The coefficient of the unit vector that is 1/block inside this block: the block's sum over block.
                            double coefficient = (double)Box(sums, top + i * block, left + j * block, block, c) / block;
                            signature[(i * blocks + j) * InkPicture.Channels + c] = (float)coefficient;
                            lost -= coefficient * coefficient;
                        }
                }

                signature[^1] = (float)Math.Sqrt(Math.Max(0, lost));
            }

        return signatures;
    }

    /// <summary>[73, 73, 3]: sums of ink, or of its squares, above and to the left of each corner.</summary>
    private static int[] PrefixSums(InkPicture picture, bool squared)
    {
        const int side = InkPicture.Padded + 1;
        var sums = new int[side * side * InkPicture.Channels];
        for (var y = 1; y < side; y++)
            for (var x = 1; x < side; x++)
                for (var c = 0; c < InkPicture.Channels; c++)
                {
                    var ink = picture[y - 1, x - 1, c];
                    sums[Index(y, x, c)] = (squared ? ink * ink : ink) + sums[Index(y - 1, x, c)] + sums[Index(y, x - 1, c)] - sums[Index(y - 1, x - 1, c)];
                }

        return sums;
    }

    private static int Box(int[] sums, int top, int left, int size, int channel) =>
        sums[Index(top + size, left + size, channel)] - sums[Index(top, left + size, channel)] - sums[Index(top + size, left, channel)] + sums[Index(top, left, channel)];

    private static int Index(int y, int x, int channel) => (y * (InkPicture.Padded + 1) + x) * InkPicture.Channels + channel;
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace Rlcm.Evaluation;

/// <summary>
/// A 64x64 picture as ink, 255 - value, so that the white beyond its border is zero, with a border of <see cref="MaxShift"/> pixels on
/// every side. A shifted picture is a window into it: nothing is copied per shift.
/// </summary>
internal sealed class InkPicture
{
    public const int Size = 64;
    public const int MaxShift = 4;
    public const int Shifts = 2 * MaxShift + 1;
    public const int Channels = 3;
    public const int Padded = Size + 2 * MaxShift;
    public const int RowLength = Size * Channels;

    /// <summary>[72, 72, 3], 0..255.</summary>
    private readonly short[] _ink = new short[Padded * Padded * Channels];

    public InkPicture(ReadOnlySpan<byte> pixels, bool mirrored = false)
    {
        for (var y = 0; y < Size; y++)
            for (var x = 0; x < Size; x++)
                for (var c = 0; c < Channels; c++)
                {
                    var source = mirrored ? Size - 1 - x : x;
                    _ink[((y + MaxShift) * Padded + x + MaxShift) * Channels + c] = (short)(255 - pixels[(y * Size + source) * Channels + c]);
                }
    }

    /// <summary>The ink at a place of the padded picture.</summary>
    public int this[int y, int x, int channel] => _ink[(y * Padded + x) * Channels + channel];

    /// <summary>Row <paramref name="y"/> of the picture moved <paramref name="dx"/> to the right and <paramref name="dy"/> down, [64, 3].</summary>
    public ReadOnlySpan<short> Row(int y, int dx, int dy) => _ink.AsSpan(((y + MaxShift - dy) * Padded + MaxShift - dx) * Channels, RowLength);

    /// <summary>
    /// Sum of squared differences between this picture, moved by (dx, dy), and <paramref name="other"/>; stops early and returns some
    /// number above <paramref name="limit"/> once the sum exceeds it.
    /// </summary>
    public long SquaredDistance(InkPicture other, int dx, int dy, long limit)
    {
        long sum = 0;
        for (var y = 0; y < Size && sum <= limit; y++)
            sum += SquaredDistance(Row(y, dx, dy), other.Row(y, 0, 0));
        return sum;
    }

    private static int SquaredDistance(ReadOnlySpan<short> a, ReadOnlySpan<short> b)
    {
        var left = MemoryMarshal.Cast<short, Vector<short>>(a);
        var right = MemoryMarshal.Cast<short, Vector<short>>(b);
        var total = Vector<int>.Zero;
        for (var i = 0; i < left.Length; i++)
        {
            Vector.Widen(left[i] - right[i], out var low, out var high);
            total += low * low + high * high;
        }

        var sum = Vector.Sum(total);
        for (var i = left.Length * Vector<short>.Count; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}

using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Runtime;

/// <summary>
/// Random numbers drawn by address from <see cref="Philox"/>: pure functions, the same bits on every machine and for every device.
/// Element n of a stream does not depend on how many are asked for.
/// </summary>
public static class AddressedRandom
{
    /// <summary>Fills <paramref name="destination"/> with standard normal numbers (Box-Muller; four from each block).</summary>
    public static void Normal(RandomAddress address, Span<float> destination)
    {
        var counter = address.Counter();
        for (var i = 0; i < destination.Length; i += 4)
        {
            var words = Philox.Block(counter with { W0 = (uint)(i >> 2) }, address.Seed);
            var (z0, z1) = BoxMuller.Transform(words.W0, words.W1);
            var (z2, z3) = BoxMuller.Transform(words.W2, words.W3);
            if (destination.Length - i >= 4)
                (destination[i], destination[i + 1], destination[i + 2], destination[i + 3]) = (z0, z1, z2, z3);
            else
                ((ReadOnlySpan<float>)[z0, z1, z2])[..(destination.Length - i)].CopyTo(destination[i..]);
        }
    }

    /// <summary>Fills <paramref name="destination"/> with uniform numbers in [0, 1), multiples of 2^-53 (two from each block).</summary>
    public static void Uniform(RandomAddress address, Span<double> destination)
    {
        var stream = new PhiloxStream(address);
        foreach (ref var value in destination)
        {
            var low = stream.Next();
            value = ((((ulong)stream.Next() << 32) | low) >> 11) * (1.0 / (1ul << 53));
        }
    }

    /// <summary>One uniform number in [0, 1).</summary>
    public static double Uniform(RandomAddress address)
    {
        Span<double> value = stackalloc double[1];
        Uniform(address, value);
        return value[0];
    }

    /// <summary>Fills <paramref name="destination"/> with unbiased integers in 0..<paramref name="n"/> - 1, drawn with replacement.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not positive.</exception>
    public static void Integers(RandomAddress address, Span<int> destination, int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        var stream = new PhiloxStream(address);
        foreach (ref var value in destination)
            value = stream.Below((uint)n);
    }

    /// <summary>One unbiased integer in 0..<paramref name="n"/> - 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not positive.</exception>
    public static int Below(RandomAddress address, int n)
    {
        Span<int> value = stackalloc int[1];
        Integers(address, value, n);
        return value[0];
    }

    /// <summary>A uniformly drawn order of 0..<paramref name="n"/> - 1 (Fisher-Yates).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is negative.</exception>
    public static int[] Permutation(RandomAddress address, int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        var stream = new PhiloxStream(address);
        var order = new int[n];
        for (var i = 0; i < n; i++)
            order[i] = i;
        for (var i = n - 1; i > 0; i--)
        {
            var other = stream.Below((uint)i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    /// <summary>Standard normal numbers as a float32 tensor on the CPU.</summary>
    public static Tensor NormalTensor(RandomAddress address, params ReadOnlySpan<long> shape)
    {
        var tensor = empty(shape, ScalarType.Float32);
        Normal(address, MemoryMarshal.Cast<byte, float>(tensor.bytes));
        return tensor;
    }

    /// <summary>
    /// Standard normal numbers as a float32 tensor [N, ...<paramref name="shapePerItem"/>] on the CPU. Row n depends on
    /// <paramref name="addresses"/>[n] alone, hence not on the batch it is drawn in.
    /// </summary>
    public static Tensor NormalBatch(IReadOnlyList<RandomAddress> addresses, params ReadOnlySpan<long> shapePerItem)
    {
        var tensor = empty([addresses.Count, .. shapePerItem], ScalarType.Float32);
        var values = MemoryMarshal.Cast<byte, float>(tensor.bytes);
        var size = addresses.Count == 0 ? 0 : values.Length / addresses.Count;
        for (var n = 0; n < addresses.Count; n++)
            Normal(addresses[n], values.Slice(n * size, size));
        return tensor;
    }
}

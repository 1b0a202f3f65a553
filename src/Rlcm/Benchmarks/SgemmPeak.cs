using System.Diagnostics;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>What the machine computes at best: the product of two large matrices of 32-bit floats.</summary>
public sealed class SgemmPeak : IDisposable
{
    private readonly int _size;
    private readonly Tensor _left;
    private readonly Tensor _right;

    /// <summary>Makes the matrices.</summary>
    /// <param name="size">Their rows and columns.</param>
    /// <param name="device">Where they are multiplied.</param>
    public SgemmPeak(int size, Device device)
    {
        using var scope = NewDisposeScope();
        _size = size;
        (_left, _right) = (Matrix(1, device), Matrix(2, device));
        Measure();
    }

    /// <summary>Operations a second of the best of three products.</summary>
    public double Measure() => Enumerable.Range(0, 3).Max(_ =>
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var clock = Stopwatch.StartNew();
        _left.mm(_right).sum().cpu(); // waits for a GPU
        return 2.0 * _size * _size * _size / clock.Elapsed.TotalSeconds;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Dispose();
        _right.Dispose();
    }

    private Tensor Matrix(long item, Device device) =>
        Runtime.AddressedRandom.NormalTensor(new(1, Runtime.RandomPurpose.WeightInit, Item: item), _size, _size).to(device).DetachFromDisposeScope();
}

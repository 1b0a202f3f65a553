using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks.Parts;

/// <summary>What every benchmark of tensors needs: libtorch as the networks use it, random tensors, and a scope around each run.</summary>
public abstract class TensorBenchmark : IDisposable
{
    private readonly DisposeScope _scope;
    private long _item;

    /// <summary>Prepares libtorch.</summary>
    protected TensorBenchmark()
    {
        NativeTorch.Tune();
        _scope = NewDisposeScope();
    }

    /// <summary>A standard normal tensor that lives as long as the benchmark.</summary>
    protected Tensor Normal(params long[] shape) => AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise, Item: _item++), shape);

    /// <summary>Runs without gradients.</summary>
    protected static void Forward(Func<Tensor> run)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        run();
    }

    /// <summary>Runs forward and backward.</summary>
    protected static void Backward(Func<Tensor> run)
    {
        using var scope = NewDisposeScope();
        run().sum().backward();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scope.Dispose();
        GC.SuppressFinalize(this);
    }
}

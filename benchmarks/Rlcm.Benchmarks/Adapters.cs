using BenchmarkDotNet.Attributes;
using Rlcm.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks.Parts;

/// <summary>A projection of the attention with an adapter of rank 16, forward and backward: W + s B A made once, or two thin products beside W x.</summary>
public class Adapters : TensorBenchmark
{
    private const int Rank = 16;
    private Tensor _tokens = null!;
    private Tensor _weight = null!;
    private LoraAdapter _adapter = null!;

    /// <summary>Tokens and width: those of the levels at 512 x 512 pixels.</summary>
    [Params("4096 320", "1024 640", "256 1280", "64 1280")]
    public string Shape { get; set; } = "";

    /// <summary>Makes tokens, weight and adapter.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var shape = Shape.Split(' ').Select(long.Parse).ToArray();
        _tokens = Normal(1, shape[0], shape[1]).requires_grad_();
        _weight = Normal(shape[1], shape[1]);
        _adapter = new("to_q", nn.Parameter(Normal(Rank, shape[1])), nn.Parameter(Normal(shape[1], Rank)), Scale: 2);
    }

    /// <summary>As the networks train in 32-bit floats: x (W + s B A)'.</summary>
    [Benchmark(Baseline = true)]
    public void Merged() => Backward(() => nn.functional.linear(_tokens, _adapter.MergeInto(_weight)));

    /// <summary>x W' + s (x A') B'.</summary>
    [Benchmark]
    public void Products() => Backward(() =>
        nn.functional.linear(_tokens, _weight) + nn.functional.linear(nn.functional.linear(_tokens, _adapter.A), _adapter.B) * _adapter.Scale);
}

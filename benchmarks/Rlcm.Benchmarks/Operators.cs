using BenchmarkDotNet.Attributes;
using Rlcm.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks.Parts;

/// <summary>What else the U-Net's time goes into, at its largest maps for 512 x 512 pixels: attention, feed-forward, norms, activations.</summary>
public class Operators : TensorBenchmark
{
    private Tensor _map = null!;
    private Tensor _mapChannelsLast = null!;
    private Tensor _queries = null!;
    private Tensor _text = null!;
    private Tensor _tokens = null!;
    private Tensor _up = null!;
    private Tensor _gate = null!;

    /// <summary>Makes the tensors.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        _map = Normal(1, 320, 64, 64);
        _mapChannelsLast = _map.ToChannelsLast();
        _queries = Normal(1, 8, 4096, 40);
        _text = Normal(1, 8, 77, 40);
        _tokens = Normal(1, 4096, 320);
        _up = Normal(2560, 320);
        _gate = Normal(1, 4096, 1280);
    }

    /// <summary>Every pixel looks at every pixel.</summary>
    [Benchmark]
    public void SelfAttention() => Forward(() => nn.functional.scaled_dot_product_attention(_queries, _queries, _queries));

    /// <summary>Every pixel looks at 77 tokens of text.</summary>
    [Benchmark]
    public void CrossAttention() => Forward(() => nn.functional.scaled_dot_product_attention(_queries, _text, _text));

    /// <summary>The largest matrix product.</summary>
    [Benchmark]
    public void FeedForwardUp() => Forward(() => nn.functional.linear(_tokens, _up));

    /// <summary>GELU of the gate and its product with the rest.</summary>
    [Benchmark]
    public void Geglu() => Forward(() => _gate * nn.functional.gelu(_gate));

    /// <summary>Group norm as the networks compute it.</summary>
    [Benchmark]
    public void GroupNormChannelsLast() => Forward(() => nn.functional.group_norm(_mapChannelsLast, 32));

    /// <summary>Group norm of a map as it is stored.</summary>
    [Benchmark]
    public void GroupNormPlain() => Forward(() => nn.functional.group_norm(_map, 32));

    /// <summary>The activation of residual blocks.</summary>
    [Benchmark]
    public void Silu() => Forward(() => nn.functional.silu(_mapChannelsLast));

    /// <summary>From one layout to the other.</summary>
    [Benchmark]
    public void ToChannelsLast() => Forward(() => _map.ToChannelsLast());
}

using BenchmarkDotNet.Attributes;
using Rlcm.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks.Parts;

/// <summary>3x3 convolutions of the U-Net at 512 x 512 pixels, by the memory layout of maps and weights.</summary>
public class Convolutions : TensorBenchmark
{
    private Tensor _map = null!;
    private Tensor _mapChannelsLast = null!;
    private Tensor _weight = null!;
    private Tensor _weightChannelsLast = null!;

    /// <summary>Channels in, channels out, height and width: those of the four levels, and the widest on the way up.</summary>
    [Params("320 320 64", "640 640 32", "1280 1280 16", "1280 1280 8", "2560 1280 16")]
    public string Shape { get; set; } = "";

    /// <summary>Makes map and weight.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var shape = Shape.Split(' ').Select(long.Parse).ToArray();
        _map = Normal(1, shape[0], shape[2], shape[2]);
        _weight = Normal(shape[1], shape[0], 3, 3);
        (_mapChannelsLast, _weightChannelsLast) = (_map.ToChannelsLast(), _weight.ToChannelsLast());
    }

    /// <summary>As the networks compute: maps channels-last, weights as they are stored.</summary>
    [Benchmark(Baseline = true)]
    public void MapsChannelsLast() => Forward(() => nn.functional.conv2d(_mapChannelsLast, _weight, padding: [1, 1]));

    /// <summary>Both channels-last.</summary>
    [Benchmark]
    public void BothChannelsLast() => Forward(() => nn.functional.conv2d(_mapChannelsLast, _weightChannelsLast, padding: [1, 1]));

    /// <summary>Both as they are stored.</summary>
    [Benchmark]
    public void NeitherChannelsLast() => Forward(() => nn.functional.conv2d(_map, _weight, padding: [1, 1]));
}

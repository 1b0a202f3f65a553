using System.Diagnostics;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>One figure of the benchmark.</summary>
/// <param name="Part">What was run.</param>
/// <param name="Seconds">The median time of a run.</param>
/// <param name="Flops">Operations of the plain graph.</param>
/// <param name="Peak">Operations a second of a product of large matrices, measured between the runs.</param>
/// <param name="PeakBytes">The most memory held meanwhile; null where the system does not tell.</param>
public sealed record BenchmarkResult(string Part, double Seconds, double Flops, double Peak, long? PeakBytes)
{
    /// <summary>Operations a second.</summary>
    public double Speed => Flops / Seconds;

    /// <summary>Speed as a share of the peak.</summary>
    public double Share => Speed / Peak;
}

/// <summary>What is measured.</summary>
/// <param name="Height">Of the pictures.</param>
/// <param name="Width">Of the pictures.</param>
/// <param name="Batch">Pictures at a time.</param>
/// <param name="Repeats">Timed runs, after one that is not.</param>
public sealed record BenchmarkSettings(int Height = 512, int Width = 512, int Batch = 1, int Repeats = 3)
{
    /// <summary>The architecture.</summary>
    public SyntheticShape Shape { get; init; } = SyntheticShape.FullSize;

    /// <summary>Where it runs.</summary>
    public ComputeTarget Target { get; init; } = ComputeTarget.Default;

    /// <summary>Rows and columns of the matrices whose product is the peak.</summary>
    public int MatrixSize { get; init; } = 2048;

    /// <summary>As <see cref="UNet2DConditionModel.GradientCheckpointing"/>.</summary>
    public bool GradientCheckpointing { get; init; } = true;
}

/// <summary>Times the networks of a full-size model with random weights: speed depends on shapes alone.</summary>
public sealed class FullSizeBenchmark(BenchmarkSettings settings)
{
    private const int LoraRank = 16;
    private static readonly string[] LoraTargets = ["to_q", "to_k", "to_v", "to_out.0"];

    /// <summary>The U-Net without gradients, and with them to adapters of its attention.</summary>
    public IReadOnlyList<BenchmarkResult> MeasureUnet()
    {
        using var scope = NewDisposeScope();
        using var unet = Create(new UNet2DConditionModel(settings.Shape.Unet), seed: 2);
        unet.to(settings.Target.Device).to(settings.Target.Dtype);
        unet.GradientCheckpointing = settings.GradientCheckpointing;
        var (height, width, tokens) = (settings.Height / settings.Shape.Vae.SpatialFactor, settings.Width / settings.Shape.Vae.SpatialFactor, settings.Shape.Text.MaxPositions);
        var input = new UNetInput(
            Normal(1, settings.Batch, unet.Config.InChannels, height, width), zeros(settings.Batch, dtype: ScalarType.Int64, device: settings.Target.Device),
            Normal(2, settings.Batch, tokens, settings.Shape.Text.HiddenSize), unet.Config.TimeCondProjDim is { } guidance ? Normal(3, settings.Batch, guidance) : null);
        var flops = FlopCount.OfUnet(unet, settings.Batch, height, width, tokens).Forward;
        var forward = Measure("U-Net forward", flops, () =>
        {
            using var noGrad = no_grad();
            unet.forward(input);
        });
        using var adapters = LoraAdapters.Create(unet, LoraTargets, LoraRank, 2 * LoraRank, seed: 1);
        var backward = FlopCount.OfUnetBackward(unet, settings.Batch, height, width, tokens).Forward;
        return [forward, Measure("U-Net forward + backward", flops + backward, () => unet.forward(input).Squared().mean().backward())];
    }

    /// <summary>Decoding.</summary>
    public BenchmarkResult MeasureDecoder()
    {
        using var scope = NewDisposeScope();
        using var vae = Create(new AutoencoderKL(settings.Shape.Vae), seed: 3);
        vae.to(settings.Target.Device);
        var (height, width) = (settings.Height / vae.Config.SpatialFactor, settings.Width / vae.Config.SpatialFactor);
        var latents = Normal(1, settings.Batch, vae.Config.LatentChannels, height, width);
        return Measure("VAE decoder", FlopCount.OfDecoder(vae, settings.Batch, height, width).Forward, () =>
        {
            using var noGrad = no_grad();
            vae.Decode(latents);
        });
    }

    private BenchmarkResult Measure(string part, double flops, Action run)
    {
        NativeTorch.Tune();
        using var peak = new SgemmPeak(settings.MatrixSize, settings.Target.Device);
        Run(run);
        if (PeakMemory.IsKnown)
            PeakMemory.Reset();
        var (times, peaks) = (new List<double>(), new List<double>());
        for (var i = 0; i < settings.Repeats; i++)
        {
            peaks.Add(peak.Measure());
            times.Add(Run(run));
        }

        return new(part, Median(times), flops, Median(peaks), PeakMemory.IsKnown ? PeakMemory.Bytes : null);
    }

    private static double Run(Action run)
    {
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        run();
        return clock.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private Tensor Normal(long item, params long[] shape) =>
        AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise, Item: item), shape).to(settings.Target.Device);

    private static T Create<T>(T network, ulong seed)
        where T : nn.Module
    {
        WeightInitializer.Initialize(network, seed);
        foreach (var parameter in network.parameters())
            parameter.requires_grad = false;
        return network;
    }
}

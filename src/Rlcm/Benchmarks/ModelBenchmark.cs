using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Runtime;
using Rlcm.Training;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>Times a model: loading, its networks, and a whole update. Speed depends on shapes alone, so random weights do as well as trained ones.</summary>
public sealed class ModelBenchmark : IDisposable
{
    private static readonly IReadOnlyList<string> LoraTargets = new TrainConfig().LoraTargets;

    private readonly BenchmarkSettings _settings;
    private readonly TextToImageModel _model;
    private readonly CancellationToken _stop;
    private readonly BenchmarkClock _clock;

    /// <summary>Loads the model of <paramref name="folder"/>.</summary>
    /// <param name="folder">In diffusers' layout.</param>
    /// <param name="settings">What is measured.</param>
    /// <param name="stop">Ends a measurement between runs.</param>
    /// <exception cref="UserErrorException">It is missing, damaged or not supported.</exception>
    public ModelBenchmark(string folder, BenchmarkSettings settings, CancellationToken stop = default)
    {
        (_settings, _stop) = (settings, stop);
        _clock = new(settings, stop);
        TextToImageModel? model = null;
        var loading = BenchmarkClock.Load("load the model", () => model = TextToImageModel.Load(folder, settings.LcmLora));
        _model = model!;
        Loading = loading with { LoadedBytes = Networks().Sum(network => network.parameters().Sum(weight => weight.numel() * weight.element_size())) };
        _model.MoveTo(settings.Target);
    }

    /// <summary>How the model was read into the main memory, in 32-bit floats.</summary>
    public BenchmarkResult Loading { get; }

    /// <summary>A prediction of the U-Net, without gradients.</summary>
    public BenchmarkResult MeasureForward()
    {
        using var scope = NewDisposeScope();
        var input = UnetInput();
        return _clock.Repeatedly("U-Net forward", UnetFlops().Forward, () =>
        {
            using var noGrad = no_grad();
            _model.Unet.forward(input);
        });
    }

    /// <summary>A prediction and the gradients of adapters of the attention.</summary>
    /// <param name="checkpointing">As <see cref="UNet2DConditionModel.GradientCheckpointing"/>; what is computed again does not count as work.</param>
    public BenchmarkResult MeasureBackward(bool checkpointing)
    {
        using var scope = NewDisposeScope();
        using var adapters = CreateAdapters();
        _model.Unet.GradientCheckpointing = checkpointing;
        var input = UnetInput();
        return _clock.Repeatedly(
            $"U-Net forward + backward{(checkpointing ? ", recomputing" : "")}", UnetFlops().Forward + UnetBackwardFlops().Forward,
            () => _model.Unet.forward(input).Squared().mean().backward());
    }

    /// <summary>Decoding latents to pictures.</summary>
    public BenchmarkResult MeasureDecoder()
    {
        using var scope = NewDisposeScope();
        var latents = Normal(1, _settings.Batch, _model.Vae.Config.LatentChannels, Latents(_settings.Height), Latents(_settings.Width));
        return _clock.Repeatedly("VAE decoder", DecoderFlops().Forward, () =>
        {
            using var noGrad = no_grad();
            _model.Vae.Decode(latents);
        });
    }

    /// <summary>Returns where the model can be updated, before anything is timed.</summary>
    /// <exception cref="UserErrorException">The model is no latent consistency model.</exception>
    public void RequireUpdate() => UpdateBenchmark.PolicyOf(_model, _settings);

    /// <summary>An update: two batches of pictures sampled, scored, and their steps trained, a batch at a time.</summary>
    /// <exception cref="UserErrorException">The model is no latent consistency model.</exception>
    public BenchmarkResult MeasureUpdate()
    {
        using var adapters = CreateAdapters();
        _model.Unet.GradientCheckpointing = _settings.GradientCheckpointing;
        using var update = new UpdateBenchmark(_model, adapters, _settings);
        var flops = 2 * (_settings.Horizon * UnetFlops().Forward + DecoderFlops().Forward + update.ScoredSteps * (UnetFlops().Forward + UnetBackwardFlops().Forward));
        return _clock.Once($"update of {2 * _settings.Batch} pictures, H = {_settings.Horizon}{(_settings.GradientCheckpointing ? ", recomputing" : "")}", flops, () => update.Run(_stop));
    }

    private LoraAdapters CreateAdapters() => LoraAdapters.Create(_model.Unet, LoraTargets, _settings.LoraRank, 2 * _settings.LoraRank, seed: 1);

    private UNetInput UnetInput() => new(
        Normal(1, _settings.Batch, _model.Unet.Config.InChannels, Latents(_settings.Height), Latents(_settings.Width)),
        zeros(_settings.Batch, dtype: ScalarType.Int64, device: _settings.Target.Device),
        Normal(2, _settings.Batch, _model.TextEncoder.Config.MaxPositions, _model.TextEncoder.Config.HiddenSize),
        _model.Unet.Config.TimeCondProjDim is { } guidance ? Normal(3, _settings.Batch, guidance) : null);

    private FlopCount UnetFlops() =>
        FlopCount.OfUnet(_model.Unet, _settings.Batch, Latents(_settings.Height), Latents(_settings.Width), _model.TextEncoder.Config.MaxPositions);

    private FlopCount UnetBackwardFlops() =>
        FlopCount.OfUnetBackward(_model.Unet, _settings.Batch, Latents(_settings.Height), Latents(_settings.Width), _model.TextEncoder.Config.MaxPositions);

    private FlopCount DecoderFlops() => FlopCount.OfDecoder(_model.Vae, _settings.Batch, Latents(_settings.Height), Latents(_settings.Width));

    private long Latents(int pixels) => pixels / _model.Vae.Config.SpatialFactor;

    private Tensor Normal(long item, params long[] shape) =>
        AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise, Item: item), shape).to(_settings.Target.Device);

    private nn.Module[] Networks() => [_model.TextEncoder, _model.Unet, _model.Vae];

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _clock.Dispose();
    }
}

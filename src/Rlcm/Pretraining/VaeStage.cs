using Rlcm.Imaging;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// Trains the autoencoder: L1 reconstruction of posterior samples plus a small KL term (Rombach et al. 2022, section G), and the distance of
/// spectra in place of a discriminator where it is asked for.
/// </summary>
public sealed class VaeStage : IPretrainingStage
{
    private const double KlWeight = 1e-6;
    private const double AnchorWeight = 5;
    private const double SpectrumWeight = 0.3;
    private const int SampleCount = 32;
    private const int ScaleSampleCount = 1024;

    private readonly AutoencoderKL _online;
    private readonly AutoencoderKL _average;
    private readonly PixelStore _pixels;
    private readonly WeightedDraw _draw;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private readonly bool _balance;
    private readonly bool _variants;
    private readonly bool _matchSpectrum;
    private readonly AutoencoderKL? _anchor;

    /// <param name="online">The network to train; <paramref name="average"/> starts as its copy.</param>
    /// <param name="average">A second network of the same architecture, for the moving average.</param>
    /// <param name="pixels">The training pictures.</param>
    /// <param name="weights">How often each picture is drawn, relative to the others.</param>
    /// <param name="settings">Batch size and seed.</param>
    /// <param name="balance">Whether the saved latents get new coordinates (<see cref="LatentBalance"/>) and scale; no model of the earlier ones fits them.</param>
    /// <param name="variants">Whether half of every batch are <see cref="PictureVariants"/>.</param>
    /// <param name="matchSpectrum">Whether <see cref="JpegSpectrum.Distance"/> is part of the loss. An L1 loss alone blurs what it cannot predict.</param>
    /// <param name="anchor">An earlier autoencoder whose latents unaltered (and, with variants, pale) pictures are to keep; null lets them move.</param>
    public VaeStage(
        AutoencoderKL online, AutoencoderKL average, PixelStore pixels, IReadOnlyList<double> weights, PretrainingSettings settings, bool balance, bool variants, bool matchSpectrum, AutoencoderKL? anchor = null)
    {
        (_online, _average, _pixels, _batchSize, _seed) = (online, average, pixels, settings.BatchSize, settings.Seed);
        (_balance, _variants, _matchSpectrum, _anchor) = (balance, variants, matchSpectrum, anchor);
        _draw = new(weights);
        Weights = WeightPairs.Of(("", online, average));
    }

    /// <inheritdoc/>
    public string Name => "vae";

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step)
    {
        using var scope = NewDisposeScope();
        var pictures = _pixels.Batch(_draw.Rows(new(_seed, RandomPurpose.DataOrder, step), _batchSize));
        if (AddressedRandom.Below(new(_seed, RandomPurpose.Augmentation, step), 2) == 1)
            pictures = pictures.flip(3);
        return (_variants ? VariedLoss(pictures, step) : Loss(pictures, pictures, _batchSize, step)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of a batch half of which are variants.</summary>
    private Tensor VariedLoss(Tensor pictures, long step)
    {
        var half = _batchSize / 2;
        var plain = pictures.narrow(0, 0, half);
        var variant = PictureVariants.Draw(pictures.narrow(0, half, _batchSize - half), new(_seed, RandomPurpose.Augmentation, step, Item: 1));
        return Loss(cat([plain, variant.Input]), cat([plain, variant.Target]), variant.IsFlaw ? _batchSize : half, step);
    }

    /// <param name="pictures">What is encoded.</param>
    /// <param name="targets">What is to be decoded.</param>
    /// <param name="anchored">How many pictures, from the first, are to keep their latents where there is an anchor.</param>
    /// <param name="step">Address of the posterior's noise.</param>
    private Tensor Loss(Tensor pictures, Tensor targets, int anchored, long step)
    {
        var latents = _online.Encode(pictures);
        var noise = AddressedRandom.NormalTensor(new(_seed, RandomPurpose.Posterior, step), latents.Mean.shape);
        var sample = latents.Mean.Plus((latents.LogVariance * Kept(0.5)).exp() * noise);
        var decoded = _online.Decode(sample);
        var loss = nn.functional.l1_loss(decoded, targets).Plus(KlDivergence(latents) * Kept(KlWeight));
        if (_matchSpectrum)
            loss = loss.Plus(JpegSpectrum.Distance(decoded, targets) * Kept(SpectrumWeight));
        return _anchor is null ? loss : loss.Plus(Drift(latents.Mean.narrow(0, 0, anchored), pictures.narrow(0, 0, anchored), _anchor) * Kept(AnchorWeight));
    }

    /// <summary>Mean square of the distance between scaled latents of <paramref name="pictures"/> and those of <paramref name="earlier"/>.</summary>
    private static Tensor Drift(Tensor latents, Tensor pictures, AutoencoderKL earlier)
    {
        Tensor before;
        using (no_grad())
            before = earlier.Encode(pictures).Mean;
        return ((latents - before) * Kept(earlier.Config.ScalingFactor)).Squared().mean();
    }

    /// <summary>KL(N(m, v) || N(0, I)) = (m^2 + v - 1 - log v) / 2, averaged over latent dimensions and pictures.</summary>
    internal static Tensor KlDivergence(LatentDistribution latents) =>
        (latents.Mean.Squared().Plus(latents.LogVariance.exp()) - Kept(1) - latents.LogVariance).mean() * Kept(0.5);

    /// <inheritdoc/>
    /// <remarks>Pairs: picture, reconstruction.</remarks>
    public ImageBatch Samples()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pictures = _pixels.Batch([.. EvenSample(SampleCount)]);
        return stack([pictures, _average.forward(pictures)], dim: 1).flatten(0, 1).ToImages();
    }

    /// <inheritdoc/>
    public void Save(string folder)
    {
        var path = Path.Combine(folder, "vae");
        if (_balance)
            SaveBalanced(path);
        else
            VaeFolder.Save(_average, path, ScalarType.Float16);
    }

    /// <summary>Saves a copy with balanced latents, their scaling factor being one over their standard deviation.</summary>
    private void SaveBalanced(string path)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var balanced = new AutoencoderKL(_average.Config);
        WeightInitializer.CopyFrom(balanced, _average);
        LatentBalance.Apply(balanced, EncodeSample(balanced));
        var deviation = cat([.. EncodeSample(balanced).Select(latents => latents.Mean)]).std().ToNumber();
        VaeFolder.Save(balanced, path, ScalarType.Float16, 1 / deviation);
    }

    private LatentDistribution[] EncodeSample(AutoencoderKL vae) =>
        [.. EvenSample(ScaleSampleCount).Chunk(_batchSize).Select(rows => Encode(vae, rows))];

    private LatentDistribution Encode(AutoencoderKL vae, int[] rows)
    {
        using var pictures = _pixels.Batch(rows);
        return vae.Encode(pictures);
    }

    private IEnumerable<int> EvenSample(int count) =>
        Enumerable.Range(0, Math.Min(count, _pixels.Count)).Select(i => (int)((long)i * _pixels.Count / Math.Min(count, _pixels.Count)));

    /// <inheritdoc/>
    public void Dispose() => _pixels.Dispose();
}

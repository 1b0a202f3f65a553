using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// Trains text encoder and U-Net together as a diffusion model that predicts noise (Ho et al. 2020, eq. 14), with captions dropped at random
/// for classifier-free guidance (Ho &amp; Salimans 2022).
/// </summary>
/// <remarks>
/// A plain noise loss weighs the error of the predicted picture by SNR, which is next to nothing where only the caption can tell what to
/// draw. Here that weight is clamp(SNR, 1, 5): from below as the truncated SNR of Salimans &amp; Ho 2022 (section 4), from above as the
/// min-SNR-5 of Hang et al. 2023.
/// </remarks>
public sealed class TeacherStage : IPretrainingStage
{
    private const double EmptyCaptionShare = 0.1;
    private const double NoStyleShare = 0.15;
    private const double LeastSnr = 1;
    private const double MostSnr = 5;
    private const int SampleSteps = 20;

    private readonly TextToImageModel _online;
    private readonly TextToImageModel _average;
    private readonly CaptionedLatents _data;
    private readonly WeightedDraw _draw;
    private readonly PretrainingSettings _settings;
    private readonly NoiseSchedule _schedule;
    private readonly string _tokenizerFolder;
    private readonly IReadOnlyList<string> _samplePrompts;

    /// <param name="online">The networks to train.</param>
    /// <param name="average">Networks of the same architecture, for the moving average; both share the trained autoencoder.</param>
    /// <param name="data">Latents and captions.</param>
    /// <param name="weights">How often each picture is drawn, relative to the others.</param>
    /// <param name="settings">Batch size and seed.</param>
    /// <param name="tokenizerFolder">The tokenizer's files, saved with the model.</param>
    /// <param name="samplePrompts">Prompts of the sample pictures.</param>
    /// <exception cref="FileContentException">The tokenizer's files cannot be copied into the new model.</exception>
    public TeacherStage(
        TextToImageModel online, TextToImageModel average, CaptionedLatents data, IReadOnlyList<double> weights,
        PretrainingSettings settings, string tokenizerFolder, IReadOnlyList<string> samplePrompts)
    {
        TextToImageModel.RequireCopyable(tokenizerFolder);
        (_online, _average, _data, _settings, _tokenizerFolder, _samplePrompts) = (online, average, data, settings, tokenizerFolder, samplePrompts);
        _draw = new(weights);
        _schedule = online.Scheduler.CreateNoiseSchedule();
        Weights = WeightPairs.Of(("unet.", online.Unet, average.Unet), ("text_encoder.", online.TextEncoder, average.TextEncoder));
    }

    /// <inheritdoc/>
    public string Name => "teacher";

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step)
    {
        using var scope = NewDisposeScope();
        var rows = _draw.Rows(new(_settings.Seed, RandomPurpose.DataOrder, step), _settings.BatchSize);
        var latents = _data.Latents(rows);
        var noise = AddressedRandom.NormalTensor(new(_settings.Seed, RandomPurpose.DataNoise, step), latents.shape);
        var levels = DrawLevels(step);
        var text = _online.TextEncoder.forward(_data.Captions(DrawCaptions(rows, step)));

        var noisy = EpsilonPrediction.AddNoise(latents, noise, levels);
        var timesteps = tensor(Array.ConvertAll(levels, level => (long)level.Timestep));
        var predicted = _online.Unet.forward(new(noisy, timesteps, text, GuidanceEmbedding: null));

        var weights = tensor(Array.ConvertAll(levels, level => (float)LossWeight(level.AlphaCumprod)));
        return ((predicted - noise).Squared().mean([1, 2, 3]) * weights).mean().MoveToOuterDisposeScope();
    }

    /// <summary>Weight of the squared error of the noise: clamp(SNR, 1, 5)/SNR with SNR = a/(1 - a).</summary>
    internal static double LossWeight(double alphaCumprod)
    {
        var snr = alphaCumprod / (1 - alphaCumprod);
        return Math.Clamp(snr, LeastSnr, MostSnr) / snr;
    }

    private NoiseLevel[] DrawLevels(long step)
    {
        var timesteps = new int[_settings.BatchSize];
        AddressedRandom.Integers(new(_settings.Seed, RandomPurpose.Timestep, step), timesteps, _schedule.TrainTimesteps);
        return Array.ConvertAll(timesteps, timestep => _schedule[timestep]);
    }

    /// <summary>Rows of the captions of pictures <paramref name="rows"/>: some empty (Ho &amp; Salimans 2022, algorithm 1), some without the style word.</summary>
    internal int[] DrawCaptions(int[] rows, long step)
    {
        var uniforms = new double[rows.Length];
        AddressedRandom.Uniform(new(_settings.Seed, RandomPurpose.CaptionDropout, step), uniforms);
        return [.. rows.Zip(uniforms, (row, uniform) => uniform switch
        {
            < EmptyCaptionShare => _data.EmptyCaption,
            < EmptyCaptionShare + NoStyleShare => _data.CaptionWithoutStyle(row),
            _ => row,
        })];
    }

    /// <inheritdoc/>
    public ImageBatch Samples()
    {
        var policy = SamplingPolicy.Of(_average, new(SampleSteps, _average.Generation.GuidanceScale));
        using var encoded = new EncodedPrompts(policy.Encode); // the text encoder learns, too
        return RolloutCollector.Sample(policy, encoded, [.. _samplePrompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Sample(_settings.Seed, index)))], _samplePrompts.Count);
    }

    /// <inheritdoc/>
    public void Save(string folder) => _average.Save(folder, ScalarType.Float16, _tokenizerFolder);

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();
}

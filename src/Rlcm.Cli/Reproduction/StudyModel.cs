using System.Diagnostics;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Models.Lora;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;

namespace Rlcm.Cli.Reproduction;

/// <summary>The model of a run, untuned or with its adapter, as it is measured: from the same noise whoever draws; a diffusion model with the noise of its training at its own horizon, and without where it has fewer steps.</summary>
internal sealed class StudyModel : IDisposable
{
    private const string Gallery = "models/emoji-lcm/gallery"; // of both embedded models
    private const ulong NoiseSeed = 0;

    private readonly TextToImageModel _model;
    private readonly LoraAdapters? _adapters;
    private readonly IDisposable? _merged;
    private readonly int _horizon;
    private readonly ModelSampler _asTrained;
    private readonly ModelSampler _sampler;
    private readonly IReward _reward;
    private double _quickest = double.PositiveInfinity;

    /// <param name="config">The run's configuration.</param>
    /// <param name="adapter">Its adapter; null: the untuned model.</param>
    /// <exception cref="UserErrorException">Something is missing or damaged.</exception>
    public StudyModel(TrainConfig config, string? adapter)
    {
        if (config.Threads > 0)
            torch.set_num_threads(config.Threads);
        _model = TextToImageModel.Load(ModelLocation.Find(config.Model));
        _model.MoveTo(ComputeTarget.Find(config.Device, config.Dtype));
        _adapters = adapter is null ? null : AdapterFile.Load(_model.Unet, adapter);
        _merged = _adapters?.Merge();
        _horizon = config.Horizon;
        _asTrained = new(_model, config.GuidanceScale, Noise) { Eta = config.Eta };
        _sampler = new(_model, config.GuidanceScale, Noise);
        _reward = RewardFactory.Create(config);
    }

    /// <summary>Unit of the reward.</summary>
    public string Unit => _reward.Unit;

    /// <summary>The reward of pictures of <paramref name="prompts"/>.</summary>
    public MeasuredValues Reward(int steps, IReadOnlyList<string> prompts, int samples, CancellationToken stop) =>
        new RewardEvaluator([_reward], clip: null, prompts, samples, _sampler.BatchSize)
            .Evaluate((texts, seeds) => Draw(steps, texts, seeds, stop), $"a model at {steps} steps", shown: 1, new Unheard(), stop).Values[0];

    /// <summary>The share of the animals of an evaluation that are recognized; null where the pictures are of another size than the gallery's.</summary>
    public RecognizedShare? Recognize(int steps, EvaluationScope scope, CancellationToken stop) => _sampler.PictureSize != Recognizer.PictureSize ? null
        : RecognizedShare.Compute(new(Evaluation.Gallery.Read(ShippedFiles.Require(Gallery, "the gallery"))), (texts, seeds) => Draw(steps, texts, seeds, stop), scope.EvaluationSeeds, scope.Prompts, stop);

    /// <summary>Seconds of a picture in the quickest batch since this was asked last: other work on the machine slows some batches, and speeds none up.</summary>
    public double TakeSecondsPerPicture()
    {
        var seconds = _quickest;
        _quickest = double.PositiveInfinity;
        return seconds;
    }

    private ImageBatch Draw(int steps, IReadOnlyList<string> texts, IReadOnlyList<long> seeds, CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        var images = (steps == _horizon ? _asTrained : _sampler).Draw(steps, texts, seeds, stop);
        _quickest = Math.Min(_quickest, Stopwatch.GetElapsedTime(start).TotalSeconds / texts.Count);
        return images;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_reward as IDisposable)?.Dispose();
        _sampler.Dispose();
        _asTrained.Dispose();
        _merged?.Dispose();
        _adapters?.Dispose();
        _model.Dispose();
    }

    private static RolloutNoise Noise(long seed) => RolloutNoise.Evaluation(NoiseSeed, seed);

    private sealed class Unheard : IProgress<int>
    {
        public void Report(int value)
        {
        }
    }
}

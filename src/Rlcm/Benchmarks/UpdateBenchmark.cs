using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Training;

namespace Rlcm.Benchmarks;

/// <summary>One update of the training as it is, without files: two batches of pictures.</summary>
internal sealed class UpdateBenchmark : IDisposable
{
    private const double GuidanceScale = 8;
    private static readonly string[] Prompts = ["a cat", "a dog"];

    private readonly EncodedPrompts _encoded;
    private readonly Func<Trainer> _createTrainer;

    /// <exception cref="Runtime.UserErrorException">The model is no latent consistency model.</exception>
    public UpdateBenchmark(TextToImageModel model, LoraAdapters adapters, BenchmarkSettings settings)
    {
        var config = new TrainConfig
        {
            Updates = 1,
            Horizon = settings.Horizon,
            ImagesPerUpdate = 2 * settings.Batch,
            SamplingBatch = settings.Batch,
            MicroBatch = settings.Batch,
        };
        var policy = PolicyOf(model, settings);
        ScoredSteps = policy.ScoredSteps.Count;
        _encoded = new(policy.Encode);
        _createTrainer = () => new(config, policy, adapters, RewardFactory.CreateForTraining(config), Prompts, _encoded, new Unrecorded());
    }

    /// <summary>Steps of a picture that are trained.</summary>
    public int ScoredSteps { get; }

    /// <summary>The model as it is updated.</summary>
    /// <exception cref="Runtime.UserErrorException">The model is no latent consistency model.</exception>
    public static LcmPolicy PolicyOf(TextToImageModel model, BenchmarkSettings settings) =>
        new(model, new(settings.Horizon, model.HasGuidanceEmbedding ? GuidanceScale : 1) { Height = settings.Height, Width = settings.Width });

    /// <summary>Trains one update with a new optimizer, or stops before it.</summary>
    public void Run(CancellationToken stop)
    {
        using var trainer = _createTrainer();
        trainer.Run(stop);
    }

    public void Dispose() => _encoded.Dispose();

    private sealed class Unrecorded : ITrainingRecorder
    {
        public void Record(Trainer trainer, UpdateMetrics metrics, CancellationToken stop)
        {
        }
    }
}

using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Tests.Training;

/// <summary>Runs of a tiny model, and what they left.</summary>
public abstract class TrainingSessionFixture : IDisposable
{
    private protected readonly List<PartialReport> _reports = [];
    private protected Action _onReport = () => { };
    private protected readonly TemporaryFolder _folder = new();
    private protected readonly TrainConfig _config;

    private protected TrainingSessionFixture()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        _config = new()
        {
            Model = TinyModels.Write(_folder["model"]),
            Prompts = _folder["prompts.txt"],
            EvaluationPrompts = _folder["prompts.txt"],
            Horizon = 2,
            GuidanceScale = 4,
            Grid = LcmGrid.Diffusers,
            ImagesPerUpdate = 8,
            SamplingBatch = 8,
            MicroBatch = 8,
            LearningRate = 0.05, // far too much: the reward goes up and down
            ClipRange = 0.1,
            LoraRank = 2,
            Updates = 6,
            EvaluateEvery = 1,
            CheckpointEvery = 1,
            KeepLast = 1,
            KeepBest = 2,
        };
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected RunFolder Train(TrainConfig config, string name, Action<int>? afterUpdate = null, ResumeRequest? resume = null, TimeProvider? time = null, TrainingReward? reward = null, CancellationToken stop = default)
    {
        using var session = new TrainingSession(config, reward);
        using var run = resume is null ? TrainingRun.Begin(_folder[name], config, [], time ?? TimeProvider.System) : TrainingRun.Continue(_folder[name], config, resume, [], time ?? TimeProvider.System);
        var reporters = new TrainingReporters(
            new Told<UpdateMetrics>(metrics => afterUpdate?.Invoke(metrics.Update)), new Told<EvaluationMetrics>(_ => { }), new Told<PartialReport>(report =>
            {
                _reports.Add(report);
                _onReport();
            }));
        session.Run(run, reporters, time ?? TimeProvider.System, stop);
        return run.Folder;
    }

    private protected float[] AdapterOf(RunFolder run, long checkpoint)
    {
        using var loaded = new CheckpointStore(run.Checkpoints).Load(checkpoint);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var model = TextToImageModel.Load(_config.Model);
        using var adapters = LoraAdapters.Create(model.Unet, _config.LoraTargets, _config.LoraRank, _config.LoraAlpha, _config.Seed);
        return [.. adapters.Parameters().SelectMany(entry => loaded.Tensor(entry.Name).data<float>().ToArray())];
    }

    private protected float[] Adapter(string folder)
    {
        using var model = TextToImageModel.Load(_config.Model);
        using var adapters = PeftAdapter.Load(model.Unet, folder);
        return [.. adapters.Parameters().SelectMany(entry => entry.Value.data<float>().ToArray())];
    }

    /// <summary>What a run's result says of itself after the evaluation <paramref name="last"/>.</summary>
    private protected AdapterProvenance Provenance(EvaluationMetrics last, ulong seed)
    {
        using var model = TextToImageModel.Load(_config.Model);
        return new()
        {
            BaseModel = _config.Model,
            BaseUnetSha256 = WeightsHash.Sha256(model.Unet),
            Task = "compression",
            Reward = last.RewardMean,
            RewardUnit = "kB",
            Updates = last.Update,
            Seed = seed,
            Version = RunManifest.RlcmVersion,
        };
    }

    private protected static IEnumerable<(int, double)> Rewards(RunFolder run) => MetricsFile.Read(run.Metrics).Updates.Select(line => (line.Update, line.RewardMean));

    /// <summary>Rises whenever it is asked, so that every evaluation is the best so far.</summary>
    private protected sealed class RisingReward : IReward
    {
        private int _asked;

        public string Name => "rising";

        public string Unit => "times";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            float level = 10 * Interlocked.Increment(ref _asked);
            return Task.FromResult(Enumerable.Range(0, images.Count).Select(index => level + index).ToArray());
        }
    }

    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}

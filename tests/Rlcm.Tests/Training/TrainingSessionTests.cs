using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class TrainingSessionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainConfig _config;

    public TrainingSessionTests()
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

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_best_checkpoints_stay_beside_the_last_and_the_best_adapter_is_that_of_the_best_evaluation()
    {
        var run = Train(_config, "run");
        var evaluations = MetricsFile.Read(run.Metrics).Evaluations;
        var ranking = evaluations.Where(line => line.Update > 0).OrderByDescending(line => line.RewardMean).Select(line => (long)line.Update).ToArray();
        Assert.Equal(ranking.Take(2).Append(6).Distinct().Order(), new CheckpointStore(run.Checkpoints).Numbers);

        var running = evaluations.Select((line, index) => evaluations.Take(index).All(earlier => line.RewardMean > earlier.RewardMean));
        Assert.Equal(running, evaluations.Select(line => line.IsBest));
        Assert.Contains(evaluations, line => !line.IsBest);

        var best = evaluations.Last(line => line.IsBest);
        if (best.Update > 0)
            Assert.Equal(AdapterOf(run, best.Update), Adapter(run.BestAdapter));
        Assert.Equal(AdapterOf(run, 6), Adapter(run.Adapter));
    }

    [Fact]
    public void A_stopped_run_continues_to_the_same_end()
    {
        var whole = Train(_config, "whole");
        using var stop = new CancellationTokenSource();
        var parts = Train(_config, "parts", afterUpdate: update =>
        {
            if (update == 2)
                stop.Cancel();
        }, stop: stop.Token);
        Assert.Equal([2], new CheckpointStore(parts.Checkpoints).Numbers.TakeLast(1));
        Assert.True(File.Exists(Path.Combine(parts.Adapter, "adapter_model.safetensors")));

        Train(_config, "parts", resume: true);
        Assert.Equal(Adapter(whole.Adapter), Adapter(parts.Adapter));
        Assert.Equal(Rewards(whole), Rewards(parts));
    }

    private static IEnumerable<(int, double)> Rewards(RunFolder run) => MetricsFile.Read(run.Metrics).Updates.Select(line => (line.Update, line.RewardMean));

    private RunFolder Train(TrainConfig config, string name, Action<int>? afterUpdate = null, bool resume = false, CancellationToken stop = default)
    {
        using var session = new TrainingSession(config);
        var folder = resume ? RunFolder.Open(_folder[name]) : RunFolder.Create(_folder[name]);
        TrainConfigReader.Write(config, folder.Config);
        var reporters = new TrainingReporters(
            new Told<UpdateMetrics>(metrics => afterUpdate?.Invoke(metrics.Update)), new Told<EvaluationMetrics>(_ => { }));
        session.Run(folder, resume, reporters, TimeProvider.System, stop);
        return folder;
    }

    private float[] AdapterOf(RunFolder run, long checkpoint)
    {
        using var loaded = new CheckpointStore(run.Checkpoints).Load(checkpoint);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var model = TextToImageModel.Load(_config.Model);
        using var adapters = LoraAdapters.Create(model.Unet, _config.LoraTargets, _config.LoraRank, _config.LoraAlpha, _config.Seed);
        return [.. adapters.Parameters().SelectMany(entry => loaded.Tensor(entry.Name).data<float>().ToArray())];
    }

    private float[] Adapter(string folder)
    {
        using var model = TextToImageModel.Load(_config.Model);
        using var adapters = PeftAdapter.Load(model.Unet, folder);
        return [.. adapters.Parameters().SelectMany(entry => entry.Value.data<float>().ToArray())];
    }

    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}

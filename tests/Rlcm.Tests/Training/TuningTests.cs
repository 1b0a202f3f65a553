using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

/// <summary>A program's own reward, in one call.</summary>
public sealed class TuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainConfig _config;

    public TuningTests()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        _config = new()
        {
            Model = TinyModels.Write(_folder["model"]),
            Prompts = _folder["prompts.txt"],
            EvaluationPrompts = _folder["prompts.txt"],
            Updates = 2,
            ImagesPerUpdate = 4,
            SamplingBatch = 2,
            MicroBatch = 2,
            Minibatches = 1,
            Horizon = 2,
            OriginSteps = 2,
            Advantage = AdvantageKind.PerPrompt,
            CheckpointEvery = 1,
        };
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_reward_of_ones_own_is_trained_and_the_run_says_so()
    {
        var told = new List<int>();
        var outcome = Tuning.Run(new Brightness(), _config, _folder["run"], new SynchronousProgress<UpdateMetrics>(update => told.Add(update.Update)), TestContext.Current.CancellationToken);
        Assert.Equal([1, 2], told);
        Assert.Equal(("brightness", "grey levels"), (outcome!.Report.Task, outcome.Report.Unit));
        Assert.Equal(("brightness", 2), (AdapterProvenance.Read(_folder["run/adapter"]).Task, AdapterProvenance.Read(_folder["run/adapter"]).Updates));
        Assert.All(outcome.Before.Rewards, reward => Assert.InRange(reward, 1, 254));
        var error = Assert.Throws<UserErrorException>(() => new TrainingSession(TrainConfigReader.ReadRun(_folder["run/config.json"], [], []))).Message;
        Assert.Equal("The reward of this run is a program's own (task custom): run that program again to continue it.", error);
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_to_the_same_adapter()
    {
        Tuning.Run(new Brightness(), _config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        Assert.Null(Tuning.Run(new Brightness(), _config, _folder["halves"], new SynchronousProgress<UpdateMetrics>(_ => stop.Cancel()), stop.Token));
        Assert.NotNull(Tuning.Run(new Brightness(), _config, _folder["halves"], stop: TestContext.Current.CancellationToken));
        Assert.Equal(File.ReadAllBytes(_folder["whole/adapter/adapter_model.safetensors"]), File.ReadAllBytes(_folder["halves/adapter/adapter_model.safetensors"]));
    }

    [Fact]
    public void A_weighted_sum_is_trained_its_parts_are_told_and_it_goes_on_to_the_same_bytes()
    {
        RewardPart[] Parts() => [new(new Brightness(), 1) { Max = 200 }, new(new Darkness(), -0.5)];
        var outcome = Tuning.Run(Parts(), _config with { ClipModel = "not needed" }, _folder["whole"], stop: TestContext.Current.CancellationToken)!;
        Assert.Equal("weighted", outcome.Report.Task);
        var provenance = AdapterProvenance.Read(_folder["whole/adapter"]);
        Assert.Equal(("weighted", "1 x brightness (grey levels) in ..200, -0.5 x darkness (grey levels)"), (provenance.Task, provenance.RewardParts));
        Assert.Equal(0, outcome.Before.Rewards.Average(), 1e-9); // its scale is the untuned model's
        Assert.Equal(["brightness", "darkness"], outcome.Report.Parts!.Select(part => part.Reward));
        Assert.InRange(outcome.Report.After[0].Parts!["brightness"].Seen!.Mean, 1, 254);
        var (updates, evaluations) = MetricsFile.Read(_folder["whole/metrics.jsonl"]);
        Assert.All(updates, line => Assert.Equal(["brightness", "darkness"], line.Parts!.Keys));
        Assert.All(evaluations, line => Assert.Equal(line.Parts!["brightness"], line.Parts["darkness"]));
        Assert.Equal(outcome.After.Rewards.Average(), evaluations[^1].RewardMean);
        var scalars = EventFile.Read(Assert.Single(Directory.GetFiles(_folder["whole/tensorboard"]))).SelectMany(item => item.Scalars.Keys).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(scalars, new HashSet<string>(["train/parts/darkness/mean", "evaluation/parts/brightness/std", "train/reference_kl"], StringComparer.Ordinal));

        using var stop = new CancellationTokenSource();
        Assert.Null(Tuning.Run(Parts(), _config, _folder["halves"], new SynchronousProgress<UpdateMetrics>(_ => stop.Cancel()), stop.Token));
        var error = Assert.Throws<UserErrorException>(() => Tuning.Run([new(new Brightness(), 1), new(new Darkness(), -0.5)], _config, _folder["halves"])).Message;
        Assert.Contains("customReward was 1 x brightness (grey levels) in ..200, -0.5 x darkness (grey levels), is 1 x brightness (grey levels), -0.5 x", error, StringComparison.Ordinal);
        Tuning.Run(Parts(), _config, _folder["halves"], stop: TestContext.Current.CancellationToken);
        foreach (var file in (string[])["adapter/adapter_model.safetensors", "evaluation.json", "checkpoints/000002/state.json"])
            Assert.Equal(RunFiles.WithoutTimes(_folder[$"whole/{file}"]), RunFiles.WithoutTimes(_folder[$"halves/{file}"]));
    }

    [Fact]
    public void A_folder_of_another_reward_is_refused()
    {
        Tuning.Run(new Brightness(), _config, _folder["run"], stop: TestContext.Current.CancellationToken);
        var error = Assert.Throws<UserErrorException>(() => Tuning.Run(new Darkness(), _config, _folder["run"], stop: TestContext.Current.CancellationToken)).Message;
        Assert.Contains("customReward was brightness (grey levels), is darkness (grey levels)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_cannot_work_is_refused_and_a_stop_before_the_first_update_is_null()
    {
        Assert.StartsWith("samplingBatch: 4 images per update do not divide into ", Assert.Throws<UserErrorException>(() => Tuning.Run(new Brightness(), _config with { SamplingBatch = 3 }, _folder["run"])).Message, StringComparison.Ordinal);
        Assert.Null(Tuning.Run(new Brightness(), _config, _folder["run"], stop: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_reward_that_fails_costs_the_update_under_way_alone()
    {
        var reward = new Failing { FailsInUpdate = 4 };
        var config = _config with { Updates = 6, CheckpointEvery = 100, EvaluateEvery = 100 };
        Assert.Throws<UserErrorException>(() => Tuning.Run(reward, config, _folder["run"], new SynchronousProgress<UpdateMetrics>(update => reward.Update = update.Update), TestContext.Current.CancellationToken));
        Assert.Equal([3L], new CheckpointStore(_folder["run/checkpoints"]).Numbers);
        reward.FailsInUpdate = int.MaxValue;
        Tuning.Run(reward, config, _folder["run"], stop: TestContext.Current.CancellationToken);
        Tuning.Run(new Failing { FailsInUpdate = int.MaxValue }, config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(_folder["whole/adapter/adapter_model.safetensors"]), File.ReadAllBytes(_folder["run/adapter/adapter_model.safetensors"]));
    }

    [Fact]
    public void Scores_that_do_not_come_are_given_up_when_the_run_is_stopped()
    {
        using var stop = new CancellationTokenSource();
        var reward = new Silent(stop);
        Assert.Null(Tuning.Run(reward, _config with { Updates = 6 }, _folder["run"], new SynchronousProgress<UpdateMetrics>(update => reward.IsSilent = update.Update == 2), stop.Token));
        Assert.Equal([2L], new CheckpointStore(_folder["run/checkpoints"]).Numbers.TakeLast(1));
        Assert.Equal(2, AdapterProvenance.Read(_folder["run/adapter"]).Updates);
    }

    [Fact]
    public void Scores_of_an_evaluation_that_do_not_come_are_given_up_and_the_evaluation_is_made_up()
    {
        var config = _config with { Updates = 4, EvaluateEvery = 2, CheckpointEvery = 100, KeepLast = 1 };
        using var stop = new CancellationTokenSource();
        var reward = new Silent(stop);
        Assert.Null(Tuning.Run(reward, config, _folder["run"], new SynchronousProgress<UpdateMetrics>(update => reward.IsSilent = update.Update == 2), stop.Token));
        Assert.Equal([2L], new CheckpointStore(_folder["run/checkpoints"]).Numbers);
        Assert.Equal((2, null), (AdapterProvenance.Read(_folder["run/adapter"]).Updates, AdapterProvenance.Read(_folder["run/adapter"]).Reward));
        Assert.Equal([0], MetricsFile.Read(_folder["run/metrics.jsonl"]).Evaluations.Select(line => line.Update));
        Tuning.Run(new Brightness(), config, _folder["run"], stop: TestContext.Current.CancellationToken);
        Tuning.Run(new Brightness(), config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        RunFiles.RequireEqual(_folder["whole"], _folder["run"]);
    }

    [Fact]
    public void The_last_evaluation_is_made_up_too()
    {
        using var stop = new CancellationTokenSource();
        var reward = new Silent(stop);
        Assert.Null(Tuning.Run(reward, _config, _folder["run"], new SynchronousProgress<UpdateMetrics>(update => reward.IsSilent = update.Update == 2), stop.Token));
        Assert.False(File.Exists(_folder["run/evaluation.json"]));
        Assert.NotNull(Tuning.Run(new Brightness(), _config, _folder["run"], stop: TestContext.Current.CancellationToken));
        Tuning.Run(new Brightness(), _config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        RunFiles.RequireEqual(_folder["whole"], _folder["run"]);
    }

    [Fact]
    public void No_evaluation_pictures_are_scored_twice()
    {
        RewardPart[] parts = [new(new Counting(), 1)];
        Tuning.Run(parts, _config with { Updates = 1 }, _folder["run"], stop: TestContext.Current.CancellationToken);
        var batchesOfUpdate = _config.ImagesPerUpdate / _config.SamplingBatch;
        Assert.Equal(2 + batchesOfUpdate + 2, ((Counting)parts[0].Reward).Calls); // one and two steps, before and after
    }

    private class Brightness : IReward
    {
        public virtual string Name => "brightness";

        public string Unit => "grey levels";

        public virtual Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Task.FromResult(Enumerable.Range(0, images.Count).Select(n => (float)images[n].ToArray().Average(value => value)).ToArray());
    }

    private sealed class Darkness : Brightness
    {
        public override string Name => "darkness";
    }

    private sealed class Counting : Brightness
    {
        private int _calls;

        public int Calls => _calls;

        public override Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls); // batches of an update are scored at the same time
            return base.ScoreAsync(images, prompts, cancellationToken);
        }
    }

    private sealed class Failing : Brightness
    {
        public int Update { get; set; }

        public int FailsInUpdate { get; set; }

        public override Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Update + 1 == FailsInUpdate ? throw new InvalidOperationException("gone") : base.ScoreAsync(images, prompts, cancellationToken);
    }

    /// <summary>Asks for a stop and answers no more.</summary>
    private sealed class Silent(CancellationTokenSource stop) : Brightness
    {
        public bool IsSilent { get; set; }

        public override async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            if (!IsSilent)
                return await base.ScoreAsync(images, prompts, cancellationToken);
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return [];
        }
    }
}

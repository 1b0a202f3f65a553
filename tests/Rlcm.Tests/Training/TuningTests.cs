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
            Threads = 1,
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

    private sealed class Brightness : IReward
    {
        public string Name => "brightness";

        public string Unit => "grey levels";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Task.FromResult(Enumerable.Range(0, images.Count).Select(n => (float)images[n].ToArray().Average(value => value)).ToArray());
    }
}

using System.CommandLine;
using Rlcm.Checkpoints;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Cli.Tests.Commands;

/// <summary>What goes wrong in the middle of a run: one line, exit code 2, and a folder from which the run can be continued.</summary>
public sealed class FailingTrainingTests : IDisposable
{
    private static readonly TrainConfig Config = new()
    {
        Horizon = 2,
        GuidanceScale = 4,
        ImagesPerUpdate = 4,
        SamplingBatch = 4,
        GroupSize = 2,
        Advantage = AdvantageKind.Grouped,
        Updates = 3,
        CheckpointEvery = 1,
        LoraRank = 2,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public FailingTrainingTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_loss_that_is_not_a_number_ends_the_run_with_what_to_do()
    {
        var error = await Failing(new Reward(_ => { }), update => update == 2 ? double.NaN : 0);
        Assert.Equal(
            "Update 2: the loss is NaN and its gradient norm NaN, expected finite numbers; start a new run with a lower learningRate, clipRange or klCoefficient.", error);
    }

    [Fact]
    public async Task A_reward_that_throws_ends_the_run_with_its_name_and_its_words()
    {
        var error = await Failing(new Reward(call => Require(call != 2)), _ => 0);
        Assert.StartsWith("Reward 'mine' failed on 4 images of update 2 (prompts '", error, StringComparison.Ordinal);
        Assert.EndsWith("'): InvalidOperationException, no service. Correct the reward or what it depends on.", error, StringComparison.Ordinal);
    }

    /// <summary>Fails in update 2, returns the line on standard error, and goes on to the end without the failure.</summary>
    private async Task<string> Failing(Reward reward, Func<int, double> disturbance)
    {
        using (TrainingRun.Begin(_folder["run"], Config, [], TimeProvider.System))
        {
        }

        var folder = RunFolder.Open(_folder["run"]);
        var (code, _, error) = await CommandLine.RunAsync(Command(folder, reward, disturbance));
        Assert.Equal(ExitCode.UserError, code);
        Assert.Equal([1], MetricsFile.Read(folder.Metrics).Updates.Select(line => line.Update));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories), path => path.EndsWith(".tmp", StringComparison.Ordinal));
        using (var checkpoint = new CheckpointStore(folder.Checkpoints).Latest())
            Assert.Equal(1, checkpoint!.State<TrainingState>().Update);

        Assert.Equal((0, string.Empty, string.Empty), await CommandLine.RunAsync(Command(folder, new Reward(_ => { }), _ => 0)));
        Assert.Equal([1, 2, 3], MetricsFile.Read(folder.Metrics).Updates.Select(line => line.Update));
        return Assert.Single(error.TrimEnd().Split('\n'));
    }

    private Command Command(RunFolder folder, IReward reward, Func<int, double> disturbance)
    {
        var command = new Command("test");
        command.SetAction(_ => Train(folder, reward, disturbance));
        return command;
    }

    private void Train(RunFolder folder, IReward reward, Func<int, double> disturbance)
    {
        using var adapters = LoraAdapters.Create(_model.Unet, Config.LoraTargets, Config.LoraRank, Config.LoraAlpha, Config.Seed);
        using var run = TrainingRun.Continue(folder.Path, Config, new(), [], TimeProvider.System);
        var updates = (int)(run.Checkpoint?.Number ?? 0);
        var policy = new DisturbedPolicy(new LcmPolicy(_model, new(Config.Horizon, Config.GuidanceScale)), () => disturbance(updates + 1));
        using var encoded = new EncodedPrompts(_model.EncodePrompts);
        var evaluator = new PolicyEvaluator(_ => policy, TrainingReward.Of(reward), encoded, TinyModels.Prompts, new HashSet<string>(StringComparer.Ordinal), recognizer: null, batchSize: 4, EvaluationScope.Full);
        using var recorder = new RunRecorder(Config, run, evaluator, adapters, new(), new Count(() => updates++), new Ignored(), TimeProvider.System);
        using var trainer = new Trainer(Config, policy, adapters, TrainingReward.Of(reward), TinyModels.Prompts, encoded, recorder);
        if (run.Checkpoint is { } checkpoint)
            trainer.Restore(checkpoint);
        recorder.Start();
        trainer.Run(CancellationToken.None);
    }

    private static void Require(bool works)
    {
        if (!works)
            throw new InvalidOperationException("no service");
    }

    private sealed class Count(Action count) : IProgress<UpdateMetrics>
    {
        public void Report(UpdateMetrics value) => count();
    }

    private sealed class Ignored : IProgress<EvaluationMetrics>
    {
        public void Report(EvaluationMetrics value)
        {
        }
    }

    /// <summary>Scores pictures by their index after a look at the number of the call.</summary>
    private sealed class Reward(Action<int> before) : IReward
    {
        private int _calls;

        public string Name => "mine";

        public string Unit => "points";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            before(++_calls);
            return Task.FromResult(Enumerable.Range(0, images.Count).Select(index => (float)index).ToArray());
        }
    }

    /// <summary>Adds a number to every mean of the training path.</summary>
    private sealed class DisturbedPolicy(IStepPolicy policy, Func<double> disturbance) : IStepPolicy
    {
        public int Horizon => policy.Horizon;

        public IReadOnlyList<int> ScoredSteps => policy.ScoredSteps;

        public bool DecodesNoise => policy.DecodesNoise;

        public IReadOnlyList<long> StateShape => policy.StateShape;

        public Tensor Encode(IReadOnlyList<string> prompts) => policy.Encode(prompts);

        public Tensor Start(Tensor noise) => policy.Start(noise);

        public bool IsNoised(int step) => policy.IsNoised(step);

        public double Std(int step) => policy.Std(step);

        public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
        {
            var output = policy.Evaluate(states, step, condition);
            return is_grad_enabled() ? output with { Mean = output.Mean + disturbance() } : output;
        }

        public ImageBatch Decode(Tensor samples) => policy.Decode(samples);
    }
}

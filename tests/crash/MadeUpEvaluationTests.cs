using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>A run whose reward failed in an evaluation dies, while it is continued, before each change that it makes to a file.</summary>
public sealed class MadeUpEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainConfig _config;

    public MadeUpEvaluationTests()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts[..2]);
        _config = new()
        {
            Model = TinyModels.Write(_folder["model"]),
            Prompts = _folder["prompts.txt"],
            EvaluationPrompts = _folder["prompts.txt"],
            Updates = 3,
            ImagesPerUpdate = 2,
            SamplingBatch = 2,
            MicroBatch = 2,
            Minibatches = 1,
            Horizon = 2,
            OriginSteps = 2,
            LoraRank = 2,
            LearningRate = 0.01,
            Advantage = AdvantageKind.PerPrompt,
            GroupNoise = GroupNoise.Own,
            EvaluateEvery = 2,
            CheckpointEvery = 1,
            KeepLast = 1,
            KeepBest = 1,
            Threads = 1,
        };
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_that_dies_while_it_makes_up_an_evaluation_ends_as_an_undisturbed_one()
    {
        Run("undisturbed", new SizeOrFailure());
        var expected = RunContent.Of(_folder["undisturbed"]);
        var changes = int.MaxValue;
        for (var last = 1; last <= changes; last++)
        {
            var failing = new SizeOrFailure();
            Assert.Throws<UserErrorException>(() => Run("run", failing, update => failing.Fails = update.Update == 2));
            var (number, moment) = (0, "");
            FileChanges.Announced = change =>
            {
                if (++number == last)
                    moment = $"death before change {last}, {change.Kind} of {change.Path}";
                if (number >= last)
                    throw new SimulatedDeath(moment);
            };
            try
            {
                Run("run", new SizeOrFailure());
                changes = number; // it did not come to this one
            }
            catch (SimulatedDeath)
            {
                // Continued below.
            }
            finally
            {
                FileChanges.Announced = null;
            }

            RunContent.RequireCheckpoint(_folder["run"], 2, moment);
            Run("run", new SizeOrFailure());
            RunContent.RequireEqual(expected, _folder["run"], moment);
            Directory.Delete(_folder["run"], recursive: true);
        }

        Assert.InRange(changes, 50, 300);
    }

    private void Run(string name, IReward reward, Action<UpdateMetrics>? afterUpdate = null) =>
        Tuning.Run(reward, _config, _folder[name], new Told(afterUpdate ?? (_ => { })), TestContext.Current.CancellationToken);

    private sealed class SizeOrFailure : IReward
    {
        public string Name => "size";

        public string Unit => "kB";

        public bool Fails { get; set; }

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Fails ? throw new InvalidOperationException("gone") : JpegReward.Incompression.ScoreAsync(images, prompts, cancellationToken);
    }

    private sealed class Told(Action<UpdateMetrics> tell) : IProgress<UpdateMetrics>
    {
        public void Report(UpdateMetrics value) => tell(value);
    }

    private sealed class SimulatedDeath(string message) : Exception(message);
}

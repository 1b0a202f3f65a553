using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Tests.Policy;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainConfig Config = new()
    {
        Horizon = 3,
        GuidanceScale = 4,
        ImagesPerUpdate = 8,
        SamplingBatch = 4,
        MicroBatch = 2,
        GroupSize = 2,
        Advantage = AdvantageKind.Grouped,
        Minibatches = 2,
        Updates = 4,
        LoraRank = 4,
        LoraAlpha = 8,
        LearningRate = 1e-3,
    };

    private static readonly TrainConfig Branched = Config with { GroupNoise = GroupNoise.Branched, FinalStep = FinalStep.Decoded, FinalNoise = 0.3, ScoredSteps = 1, MicroBatch = 4 };

    private static readonly TrainConfig Unet = Config with { TrainedWeights = TrainedWeights.Unet, LearningRate = 1e-4 };

    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public TrainerTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact, NoTensorLeaks]
    public void A_run_reports_every_update_and_leaves_no_tensor_behind()
    {
        var recorder = Train(Config);
        Assert.Equal([1, 2, 3, 4], recorder.Lines.Select(line => line.Update));
        Assert.Equal(32, recorder.Lines[^1].Queries);
        Assert.All(recorder.Lines, line => Assert.True(double.IsFinite(line.Loss) && line.GradNorm > 0));
        Assert.All(recorder.Lines, line => Assert.InRange(line.RatioMean, 0.99, 1.01));
    }

    [Fact, NoTensorLeaks]
    public void The_divergence_from_the_base_model_is_reported_and_its_weight_keeps_it_small()
    {
        var loose = Train(Config with { KlCoefficient = 1e-9 }).Lines;
        Assert.All(loose, line => Assert.True(line.ReferenceKl > 0));
        Assert.InRange(Train(Config with { KlCoefficient = 1e3 }).Lines[^1].ReferenceKl!.Value, 0, 0.5 * loose[^1].ReferenceKl!.Value);
    }

    [Fact, NoTensorLeaks]
    public void Groups_stay_whole_so_that_the_network_is_called_once_for_the_state_they_branch_from()
    {
        var policy = new CountingPolicy(Policy(Branched));
        Train(Branched, policy: policy);
        Assert.Equal(Enumerable.Repeat(Branched.MicroBatch / Branched.GroupSize, Branched.Updates * Branched.ImagesPerUpdate / Branched.MicroBatch).Select(count => (long)count), policy.Calls.Where(call => call.Trains).Select(call => call.Count));
        Assert.Equal(Branched.SamplingBatch / Branched.GroupSize, policy.Calls.Where(call => !call.Trains).Max(call => call.Count));
    }

    [Fact]
    public void Two_runs_with_branches_are_bit_identical() => Assert.Equal(Train(Branched).Weights, Train(Branched).Weights);

    [Fact]
    public void Two_runs_are_bit_identical() => Assert.Equal(Train(Config).Weights, Train(Config).Weights);

    [Fact]
    public void Another_seed_gives_another_adapter() => Assert.NotEqual(Train(Config).Weights, Train(Config with { Seed = 2 }).Weights);

    [Fact]
    public void The_micro_batch_changes_nothing_but_rounding()
    {
        var two = Train(Config with { Updates = 1 }).Weights;
        var four = Train(Config with { Updates = 1, MicroBatch = 4, SamplingBatch = 8 }).Weights;
        Assert.All(two.Zip(four), pair => Assert.Equal(pair.First, pair.Second, 2e-4)); // one step of Adam moves weights by up to 1e-3
    }

    [Fact, NoTensorLeaks]
    public void Updates_of_a_whole_U_Net_change_all_of_it_and_leave_the_model_as_it_was_loaded()
    {
        string[] Hashes() => [WeightsHash.Sha256(_model.Unet), WeightsHash.Sha256(_model.TextEncoder), WeightsHash.Sha256(_model.Vae)];
        var before = Hashes();
        float[] loaded = [.. _model.Unet.named_parameters().SelectMany(entry => entry.parameter.data<float>().ToArray())];
        var (pictures, tuned) = (Draw(), Array.Empty<byte>());
        var recorder = Train(Unet with { Updates = 1, KlCoefficient = 0.1 }, inspect: weights =>
        {
            tuned = Draw();
            using var usingBase = weights.UseBase();
            Assert.Equal(pictures, Draw());
        });
        Assert.NotEqual(pictures, tuned);
        Assert.Equal(pictures, Draw());
        Assert.Equal(before, Hashes());
        var moved = loaded.Zip(recorder.Weights).Count(pair => pair.First != pair.Second);
        Assert.InRange(moved, 0.95 * loaded.Length, loaded.Length);
    }

    [Fact]
    public void A_whole_U_Net_is_held_to_the_base_model_too()
    {
        var loose = Train(Unet with { KlCoefficient = 1e-9 }).Lines;
        Assert.All(loose, line => Assert.True(line.ReferenceKl > 0));
        Assert.InRange(Train(Unet with { KlCoefficient = 1e3 }).Lines[^1].ReferenceKl!.Value, 0, 0.5 * loose[^1].ReferenceKl!.Value);
    }

    [Fact]
    public void A_resumed_run_of_a_whole_U_Net_ends_where_an_undisturbed_one_does()
    {
        var whole = Train(Unet);
        var store = new CheckpointStore(_folder["checkpoints"]);
        Train(Unet, stopAfter: 2, store: store);
        var resumed = Train(Unet, resume: store);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Lines.Skip(2).Select(line => line.RewardMean), resumed.Lines.Select(line => line.RewardMean));
        var error = Assert.Throws<UserErrorException>(() => Train(Config, resume: store));
        Assert.Matches(@"does not fit: \d+ missing: .*; \d+ unexpected: ", error.Message);
    }

    [Fact]
    public void A_resumed_run_ends_where_an_undisturbed_one_does()
    {
        var whole = Train(Config with { Advantage = AdvantageKind.PerPrompt, MinCount = 2 });
        var store = new CheckpointStore(_folder["checkpoints"]);
        Train(Config with { Advantage = AdvantageKind.PerPrompt, MinCount = 2 }, stopAfter: 2, store: store);
        var resumed = Train(Config with { Advantage = AdvantageKind.PerPrompt, MinCount = 2 }, resume: store);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Lines.Skip(2).Select(line => line.RewardMean), resumed.Lines.Select(line => line.RewardMean));
    }

    [Fact]
    public void A_resumed_run_goes_on_with_the_statistics_of_its_sum_and_its_weight_of_the_divergence()
    {
        var config = Config with { KlCoefficient = 0.1, KlTarget = 1e-5 };
        var whole = Train(config, sum: Sum());
        var store = new CheckpointStore(_folder["checkpoints"]);
        Train(config, stopAfter: 2, store: store, sum: Sum());
        var resumed = Train(config, resume: store, sum: Sum());
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Lines.Skip(2).Select(line => (line.RewardMean, line.KlCoefficient)), resumed.Lines.Select(line => (line.RewardMean, line.KlCoefficient)));
        Assert.NotEqual(Train(config).Weights, whole.Weights);
    }

    [Fact]
    public void Every_part_of_a_sum_is_logged_in_its_unit_and_the_sum_on_its_fixed_scale()
    {
        var line = Train(Config with { Updates = 1 }, sum: Sum()).Lines[0];
        Assert.Equal(["compression", "watching"], line.Parts!.Keys);
        Assert.InRange(line.Parts["compression"].Mean, -10, -0.1);
        Assert.Equal(new RewardMoments(1.5, Math.Sqrt(1.25)), line.Parts["watching"]);
        Assert.Equal((line.Parts["compression"].Mean + 2) / (1 + 1e-6) - 0.5 * 1.5 / (1 + 1e-6), line.RewardMean, 1e-9);
    }

    [Fact]
    public void The_weight_of_the_divergence_is_adapted_after_every_update()
    {
        var lines = Train(Config with { KlCoefficient = 0.1, KlTarget = 1e-5 }).Lines;
        foreach (var (line, next) in lines.Zip(lines.Skip(1)))
            Assert.Equal(AdaptiveKl.Next(line.KlCoefficient!.Value, line.ReferenceKl!.Value, 1e-5), next.KlCoefficient);
        Assert.Equal(0.1, lines[0].KlCoefficient);
        Assert.Equal([0.1, 0.1, 0.1, 0.1], Train(Config with { KlCoefficient = 0.1 }).Lines.Select(line => line.KlCoefficient!.Value));
    }

    [Fact, NoTensorLeaks]
    public void The_divergence_from_the_base_model_is_logged_without_a_weight_too_by_an_eighth_of_the_pictures_in_whole_groups()
    {
        var policy = new CountingPolicy(Policy(Config));
        var lines = Train(Config with { Updates = 2, LearningRate = 1e-2 }, policy: policy).Lines;
        Assert.All(lines, line => Assert.Null(line.KlCoefficient));
        Assert.InRange(lines[0].ReferenceKl!.Value, 0, lines[1].ReferenceKl!.Value);
        Assert.True(lines[1].ReferenceKl > 0);
        var samplingCalls = policy.Calls.Count(call => !call.Trains);
        Assert.Equal(2 * (2 * Config.Horizon + (Config.Horizon - 1)), samplingCalls); // a group of 2 in one batch, each of the scored steps once
        Assert.Equal(2 * (Config.Horizon - 1), policy.Calls.Count(call => !call.Trains && call.Count == Config.GroupSize));
    }

    /// <summary>Scores of a batch come only once the next batch of the update has been sampled, so that a trainer that waited for them would wait forever.</summary>
    [Fact]
    public void Scores_are_waited_for_only_when_the_last_batch_of_the_update_has_been_sampled()
    {
        var reward = new LaggingReward(batches: Config.ImagesPerUpdate / Config.SamplingBatch);
        var recorder = Train(Config with { Updates = 2 }, reward: reward);
        Assert.Equal(2, recorder.Lines.Count);
        Assert.Equal(Config.ImagesPerUpdate / Config.SamplingBatch, reward.MostAtATime);
    }

    [Fact]
    public void A_checkpoint_of_another_rank_is_refused()
    {
        var store = new CheckpointStore(_folder["checkpoints"]);
        Train(Config with { Updates = 1 }, store: store);
        var error = Assert.Throws<UserErrorException>(() => Train(Config with { LoraRank = 1 }, resume: store));
        Assert.Contains("mis-shaped: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_learning_rate_falls_linearly_to_two_thirds()
    {
        var rates = Train(Config with { LearningRateDecay = LearningRateDecay.Linear }).Lines.Select(line => line.LearningRate).ToArray();
        Assert.Equal(1e-3 * (1 - 1 / 12.0), rates[0], 1e-12);
        Assert.Equal(1e-3 * 2 / 3, rates[^1], 1e-12);
    }

    [Fact]
    public void The_learning_rate_falls_to_zero_where_asked_for()
    {
        var rates = Train(Config with { LearningRateDecay = LearningRateDecay.ToZero }).Lines.Select(line => line.LearningRate);
        Assert.Equal([1e-3, 0.75e-3, 0.5e-3, 0.25e-3], rates);
    }

    [Fact]
    public void A_reward_that_throws_is_named()
    {
        var error = Assert.Throws<UserErrorException>(() => Train(Config, reward: new BrokenReward(_ => throw new InvalidOperationException("no service"))));
        Assert.Contains("Reward 'broken' failed", error.Message, StringComparison.Ordinal);
        Assert.Contains("update 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluations_of_an_update_that_is_given_up_do_not_count()
    {
        var store = new CheckpointStore(_folder["checkpoints"]);
        var batches = 0;
        using (var adapters = LoraAdapters.Create(_model.Unet, Config.LoraTargets, Config.LoraRank, Config.LoraAlpha, Config.Seed))
        using (var encoded = new EncodedPrompts(_model.EncodePrompts))
        using (var stop = new CancellationTokenSource())
        {
            var reward = new BrokenReward(count => Interlocked.Increment(ref batches) <= 2 ? [.. Enumerable.Range(0, count).Select(index => (float)index)] : throw new InvalidOperationException("no service"));
            using var trainer = new Trainer(Config, Policy(Config), adapters, TrainingReward.Of(reward), TinyModels.Prompts, encoded, new Recorder(int.MaxValue, stop));
            Assert.Throws<UserErrorException>(() => trainer.Run(stop.Token)); // in the second update, whose pictures are drawn
            trainer.Save(store, new(new Dictionary<string, string>(), new Dictionary<string, string>(), new Dictionary<string, string>()), []);
        }

        var (whole, resumed) = (Train(Config).Lines, Train(Config, resume: store).Lines);
        Assert.Equal(whole.Skip(1).Select(line => (line.SamplingEvaluations, line.TrainingEvaluations)), resumed.Select(line => (line.SamplingEvaluations, line.TrainingEvaluations)));
    }

    [Fact]
    public void A_reward_that_is_not_a_number_stops_the_run()
    {
        var error = Assert.Throws<UserErrorException>(() => Train(Config, reward: new BrokenReward(count => [.. Enumerable.Repeat(float.NaN, count)])));
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
    }

    /// <summary>With hardly any noise at the one step that is scored, pictures of a group are equal exactly where they share all noise before it.</summary>
    [Theory]
    [InlineData(GroupNoise.Branched, true)]
    [InlineData(GroupNoise.Own, false)]
    public void Branched_groups_share_all_that_is_not_scored(GroupNoise noise, bool areEqual)
    {
        var config = Config with { Advantage = AdvantageKind.Grouped, GroupNoise = noise, FinalStep = FinalStep.Decoded, FinalNoise = 1e-4, ScoredSteps = 1, Updates = 1 };
        var seen = new List<byte[]>();
        var reward = new WatchingReward(images => seen.AddRange(Enumerable.Range(0, images.Count).Select(index => images[index].ToArray())));
        Train(config, reward: reward);
        Assert.Equal(config.ImagesPerUpdate, seen.Count);
        Assert.All(seen.Chunk(config.GroupSize), group => Assert.All(group.Skip(1), picture =>
            Assert.Equal(areEqual, picture.Zip(group[0], (a, b) => Math.Abs(a - b)).Max() <= 1)));
    }

    private static TrainingReward Sum()
    {
        var sum = TrainingReward.Sum([new(JpegReward.Compression, 1), new(new WatchingReward(_ => { }), -0.5)]);
        sum.FixScale([[-1, -3], [-1, 1]]); // means -2 and 0, deviations 1
        return sum;
    }

    private LcmPolicy Policy(TrainConfig config) =>
        new(_model, new(config.Horizon, config.GuidanceScale, FinalStep: config.FinalStep) { FinalNoise = config.FinalNoise, ScoredSteps = config.ScoredSteps });

    private byte[] Draw()
    {
        using var encoded = new EncodedPrompts(_model.EncodePrompts);
        RolloutItem[] items = [.. TinyModels.Prompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Evaluation(0, index)))];
        return RolloutCollector.Sample(Policy(Config), encoded, items, items.Length).Pixels.ToArray();
    }

    private Recorder Train(TrainConfig config, int stopAfter = int.MaxValue, CheckpointStore? store = null, CheckpointStore? resume = null, IReward? reward = null, IStepPolicy? policy = null, TrainingReward? sum = null, Action<ITrainedWeights>? inspect = null)
    {
        using ITrainedWeights weights = config.TrainedWeights == TrainedWeights.Unet
            ? new TunedUnet(_model, _folder["model/tokenizer"])
            : LoraAdapters.Create(_model.Unet, config.LoraTargets, config.LoraRank, config.LoraAlpha, config.Seed);
        using var stop = new CancellationTokenSource();
        var recorder = new Recorder(stopAfter, stop);
        using var encoded = new EncodedPrompts(_model.EncodePrompts);
        using var trainer = new Trainer(config, policy ?? Policy(config), weights, sum ?? TrainingReward.Of(reward ?? JpegReward.Compression), TinyModels.Prompts, encoded, recorder);
        using (var checkpoint = resume?.Latest())
        {
            if (checkpoint is not null)
                trainer.Restore(checkpoint);
        }

        trainer.Run(stop.Token);
        if (store is not null)
            trainer.Save(store, new(new Dictionary<string, string>(), new Dictionary<string, string>(), new Dictionary<string, string>()), []);
        inspect?.Invoke(weights);
        recorder.Weights = [.. weights.Parameters().SelectMany(entry => entry.Value.data<float>().ToArray())];
        return recorder;
    }

    private sealed class Recorder(int stopAfter, CancellationTokenSource stop) : ITrainingRecorder
    {
        public List<UpdateMetrics> Lines { get; } = [];

        public float[] Weights { get; set; } = [];

        public void Record(Trainer trainer, UpdateMetrics metrics, CancellationToken _)
        {
            Lines.Add(metrics);
            if (metrics.Update == stopAfter)
                stop.Cancel();
        }
    }

    private sealed class WatchingReward(Action<ImageBatch> watch) : IReward
    {
        public string Name => "watching";

        public string Unit => "points";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            lock (watch)
                watch(images);
            return Task.FromResult(Enumerable.Range(0, images.Count).Select(index => (float)index).ToArray());
        }
    }

    private sealed class BrokenReward(Func<int, float[]> score) : IReward
    {
        public string Name => "broken";

        public string Unit => "points";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) => Task.FromResult(score(images.Count));
    }
}

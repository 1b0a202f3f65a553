using Rlcm.Imaging;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class PretrainingLoopTests : IDisposable
{
    private static readonly PretrainingSettings Settings = new()
    {
        Images = 10 * 4,
        BatchSize = 4,
        LearningRate = 1e-3,
        WarmupSteps = 3,
        EmaDecay = 0.9,
        SampleEvery = 5,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_resumed_stage_ends_where_an_undisturbed_one_does()
    {
        var whole = Train(_folder["whole"], resume: false);
        Assert.False(Train(_folder["parts"], resume: false, stopAt: 4).Done);
        var resumed = Train(_folder["parts"], resume: true);

        Assert.True(whole.Done && resumed.Done);
        Assert.Equal(whole.Losses.Skip(4), resumed.Losses);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Averages, resumed.Averages);
        Assert.Equal(File.ReadAllLines(Path.Combine(_folder["whole"], "loss.jsonl")), File.ReadAllLines(Path.Combine(_folder["parts"], "loss.jsonl")));
    }

    [Fact]
    public void A_stage_leaves_its_model_its_samples_and_its_losses()
    {
        var trained = Train(_folder["run"], resume: false);
        var folder = new PretrainingFolder(_folder["run"]);
        Assert.Equal(["0000005.png", "0000010.png"], Directory.GetFiles(folder.SamplesPath).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(10, File.ReadAllLines(folder.LossPath).Length);
        Assert.True(File.Exists(Path.Combine(folder.ModelPath, "vae", "diffusion_pytorch_model.safetensors")));
        Assert.NotEqual(trained.Weights, trained.Averages);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(10, false)]
    public void A_step_says_whether_its_checkpoint_is_there(double minutes, bool isSaved)
    {
        var folder = new PretrainingFolder(_folder["run"]);
        Train(_folder["run"], resume: false, settings: Settings with { CheckpointInterval = TimeSpan.FromMinutes(minutes) }, onStep: value =>
        {
            Assert.Equal(isSaved, value.IsSaved);
            Assert.Equal(isSaved ? value.Step : 0, folder.Losses.Read().Count);
        });
    }

    [Fact, NoTensorLeaks]
    public void A_stage_leaves_no_tensor_behind()
    {
        Train(_folder["run"], resume: false, stopAt: 4);
        Train(_folder["run"], resume: true);
    }

    [Fact]
    public void A_run_is_continued_with_the_settings_it_was_begun_with()
    {
        var begun = Settings with { Choices = new Dictionary<string, string> { ["--group-weights"] = "cats=2" } };
        Train(_folder["run"], resume: false, stopAt: 4, begun);
        var changed = begun with { BatchSize = 2, Seed = 7, LearningRate = 0.5, EmaDecay = 0.5, Choices = new Dictionary<string, string>() };
        Assert.Equal(
            $"The run in {_folder["run"]} would not go on as it was begun: --batch was 4, is 2; --ema-decay was 0.9, is 0.5; --group-weights was cats=2, is nothing; "
            + "--learning-rate was 0.001, is 0.5; --seed was 1, is 7. Undo this, or add --force, which gives up that the result is that of one undisturbed run.",
            Assert.Throws<UserErrorException>(() => Train(_folder["run"], resume: true, settings: changed)).Message);
        Assert.True(Train(_folder["run"], resume: true, settings: begun with { Images = 6 * 4, CheckpointInterval = TimeSpan.FromSeconds(1), SampleEvery = 2 }).Done);
    }

    [Fact]
    public void A_resumed_stage_drops_losses_after_its_checkpoint_and_a_line_that_was_cut_off()
    {
        Train(_folder["run"], resume: false, stopAt: 4);
        var folder = new PretrainingFolder(_folder["run"]);
        File.AppendAllText(folder.LossPath, "{\"step\":5,\"loss\":9,\"learning_rate\":1}\n{\"step\":6,\"lo");
        Assert.Equal([1, 2, 3, 4, 5], folder.Losses.Read().Select(entry => entry.Step));
        var resumed = Train(_folder["run"], resume: true);
        Assert.Equal(Enumerable.Range(1, 10).Select(step => (long)step), folder.Losses.Read().Select(entry => entry.Step));
        Assert.Equal(resumed.Losses, folder.Losses.Read().Skip(4).Select(entry => entry.Loss));

        File.WriteAllText(folder.LossPath, "{\"step\":1,\"lo\n{\"step\":2,\"loss\":1}\n");
        Assert.Contains("loss.jsonl:1: expected a JSON object", Assert.Throws<FileContentException>(folder.Losses.Read).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN, "the loss is NaN and its gradient norm NaN, expected finite numbers; lower --learning-rate (now 0.001)")]
    [InlineData(0f, "the loss is 0 and its gradient norm ")] // the root of zero: a number, but its slope is none
    public void A_loss_or_a_gradient_that_is_no_number_stops_the_stage_and_says_what_to_do(float factor, string expected)
    {
        using var scope = NewDisposeScope();
        using var stage = new DivergingStage(factor);
        var error = Assert.Throws<UserErrorException>(() =>
            new PretrainingLoop(stage, Settings, new(_folder["run"])).Run(resume: null, new SynchronousProgress<PretrainingProgress>(_ => { }), _ => { }, CancellationToken.None));
        Assert.StartsWith($"Stage diverging, step 0: {expected}", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder["run"], "checkpoints")));
    }

    private static Outcome Train(string folder, bool resume, long stopAt = long.MaxValue, PretrainingSettings? settings = null, Action<PretrainingProgress>? onStep = null)
    {
        using var stop = new CancellationTokenSource();
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var stage = TinyStages.Vae(online, average, settings ?? Settings);
        var losses = new List<double>();
        var progress = new SynchronousProgress<PretrainingProgress>(value =>
        {
            losses.Add(value.Loss);
            onStep?.Invoke(value);
            if (value.Step == stopAt)
                stop.Cancel();
        });
        var done = new PretrainingLoop(stage, settings ?? Settings, new(folder)).Run(resume ? new() : null, progress, _ => { }, stop.Token);
        return new(done, losses, Values(stage, weight => weight.Value), Values(stage, weight => weight.Average));
    }

    private static float[] Values(VaeStage stage, Func<TrainedWeight, Tensor> select)
    {
        using var scope = NewDisposeScope();
        return [.. stage.Weights.SelectMany(weight => select(weight).detach().contiguous().data<float>().ToArray())];
    }

    private sealed record Outcome(bool Done, List<double> Losses, float[] Weights, float[] Averages);

    /// <summary>A stage of one weight whose loss or gradient is not a number.</summary>
    private sealed class DivergingStage(float factor) : IPretrainingStage
    {
        private readonly TorchSharp.Modules.Parameter _weight = new(ones(1), requires_grad: true);

        public string Name => "diverging";

        public IReadOnlyList<TrainedWeight> Weights => [new("weight", _weight, ones(1))];

        public Tensor Loss(long step) => (_weight.sum() * factor).sqrt();

        public ImageBatch Samples() => throw new NotSupportedException();

        public void Save(string folder) => throw new NotSupportedException();

        public void Dispose() => _weight.Dispose();
    }
}

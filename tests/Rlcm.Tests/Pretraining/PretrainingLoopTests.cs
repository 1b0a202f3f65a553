using Rlcm.Imaging;
using Rlcm.Models.Vae;
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

    [Fact, NoTensorLeaks]
    public void A_stage_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        Train(_folder["run"], resume: false);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_stage_and_says_what_to_do()
    {
        using var scope = NewDisposeScope();
        using var stage = new DivergingStage();
        var error = Assert.Throws<UserErrorException>(() =>
            new PretrainingLoop(stage, Settings, new(_folder["run"])).Run(resume: false, new SynchronousProgress<PretrainingProgress>(_ => { }), CancellationToken.None));
        Assert.Contains("became NaN at step 0; lower --learning-rate", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder["run"], "checkpoints")));
    }

    private static Outcome Train(string folder, bool resume, long stopAt = long.MaxValue)
    {
        using var scope = NewDisposeScope();
        using var stop = new CancellationTokenSource();
        using var online = new AutoencoderKL(TinyModels.Vae);
        using var average = new AutoencoderKL(TinyModels.Vae);
        using var stage = TinyStages.Vae(online, average, Settings);
        var losses = new List<double>();
        var progress = new SynchronousProgress<PretrainingProgress>(value =>
        {
            losses.Add(value.Loss);
            if (value.Step == stopAt)
                stop.Cancel();
        });
        var done = new PretrainingLoop(stage, Settings, new(folder)).Run(resume, progress, stop.Token);
        return new(done, losses, Values(stage, weight => weight.Value), Values(stage, weight => weight.Average));
    }

    private static float[] Values(VaeStage stage, Func<TrainedWeight, Tensor> select) =>
        [.. stage.Weights.SelectMany(weight => select(weight).detach().contiguous().data<float>().ToArray())];

    private sealed record Outcome(bool Done, List<double> Losses, float[] Weights, float[] Averages);

    /// <summary>A stage of one weight whose loss is not a number.</summary>
    private sealed class DivergingStage : IPretrainingStage
    {
        private readonly TorchSharp.Modules.Parameter _weight = new(ones(1), requires_grad: true);

        public string Name => "diverging";

        public IReadOnlyList<TrainedWeight> Weights => [new("weight", _weight, ones(1))];

        public Tensor Loss(long step) => _weight.sum() * float.NaN;

        public ImageBatch Samples() => throw new NotSupportedException();

        public void Save(string folder) => throw new NotSupportedException();

        public void Dispose() => _weight.Dispose();
    }
}

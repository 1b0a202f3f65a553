using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

public sealed class SelfCheckTests : IDisposable
{
    private static readonly TrainConfig Config = new() { Horizon = 4, GuidanceScale = 4, MicroBatch = 4, LoraRank = 4, LoraAlpha = 8, LearningRate = 1e-3 };

    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;
    private readonly LoraAdapters _adapters;
    private readonly LcmPolicy _policy;

    public SelfCheckTests()
    {
        _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        _adapters = LoraAdapters.Create(_model.Unet, Config.LoraTargets, Config.LoraRank, Config.LoraAlpha, seed: 1);
        _policy = new(_model, new(Config.Horizon, Config.GuidanceScale));
    }

    public void Dispose()
    {
        _adapters.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_sound_model_passes_and_keeps_its_adapters()
    {
        var before = Weights();
        Assert.All(Run(_policy), result => Assert.True(result.Passed, $"{result.Name}: {result.Finding}"));
        Assert.Equal(before, Weights());
    }

    [Theory]
    [InlineData(TrainAlgorithm.Rlcm, 1e-3, 2e-6)]
    [InlineData(TrainAlgorithm.Ddpo, 1e-4, 2e-6)]
    [InlineData(TrainAlgorithm.Ddpo, 1e-3, 2e-5)]
    [InlineData(TrainAlgorithm.Ddpo, 1e-5, 2e-6)]
    public void Log_probabilities_may_differ_by_rounding_only(TrainAlgorithm algorithm, double clipRange, double expected) =>
        Assert.Equal(expected, SelfCheck.Allowed(Config with { Algorithm = algorithm, ClipRange = clipRange }), 1e-12);

    [Fact]
    public void A_sound_model_passes_whose_whole_U_Net_is_trained()
    {
        _adapters.Dispose();
        using var tuned = new TunedUnet(_model, _folder["model/tokenizer"]);
        string Hash() => WeightsHash.Sha256(_model.Unet);
        var before = Hash();
        var results = Run(_policy, Config with { TrainedWeights = TrainedWeights.Unet, LearningRate = 1e-4 }, _model.BaseUnet, tuned);
        Assert.All(results, result => Assert.True(result.Passed, $"{result.Name}: {result.Finding}"));
        Assert.Contains(results, result => result.Name == "gradients reach the U-Net");
        Assert.Equal(before, Hash());
    }

    [Fact]
    public void A_base_that_shares_its_weights_with_what_is_trained_fails()
    {
        _adapters.Dispose();
        using var tuned = new TunedUnet(_model, _folder["model/tokenizer"]);
        var failed = Run(_policy, Config with { TrainedWeights = TrainedWeights.Unet }, _model.Unet, tuned).Where(result => !result.Passed).ToDictionary(result => result.Name, result => result.Finding);
        Assert.Equal("they changed", failed["a step leaves the base weights alone"]);
        Assert.Contains("gradients reach nothing else", failed.Keys);
    }

    [Fact]
    public void It_says_what_the_run_will_take()
    {
        var findings = Run(_policy).ToDictionary(result => result.Name, result => result.Finding, StringComparer.Ordinal);
        Assert.Equal("1 x 4 micro-batches of 4 for 16 images; 16000 reward queries in 1000 updates", findings["batches cover every image"]);
        Assert.Matches(@"^about \d+\.\d\d GB predicted, \d+\.\d\d GB available$", findings["main memory suffices"]);
    }

    [Fact, NoTensorLeaks]
    public void It_leaves_no_tensor_behind()
    {
        Run(_policy);
        foreach (var (_, value) in _adapters.Parameters())
            value.grad = null;
    }

    [Fact]
    public void A_policy_that_samples_otherwise_than_it_trains_fails()
    {
        var failed = Assert.Single(Run(new Sabotaged(_policy, () => _adapters.Items[0].EffectiveWeight is not null)), result => !result.Passed);
        Assert.Contains("log-probabilities agree", failed.Name, StringComparison.Ordinal);
        Assert.Contains("allowed 2.0e-006", failed.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_weight_that_would_be_trained_fails()
    {
        _model.Unet.parameters().First().requires_grad = true;
        var failed = Assert.Single(Run(_policy), result => !result.Passed);
        Assert.Equal(("gradients reach nothing else", "1 other weights have one"), (failed.Name, failed.Finding));
    }

    [Fact]
    public void A_policy_that_does_not_use_its_adapters_fails()
    {
        var other = Path.Combine(_folder.Path, "other");
        using var stranger = TextToImageModel.Load(TinyModels.Write(other));
        using var idle = LoraAdapters.Create(stranger.Unet, Config.LoraTargets, Config.LoraRank, Config.LoraAlpha, seed: 1);
        var failed = Assert.Single(Run(_policy, network: stranger.Unet, weights: idle), result => !result.Passed);
        Assert.Equal("gradients reach the adapters", failed.Name);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(4, 0)]
    public void Pictures_are_sampled_in_the_batches_of_the_run(int samplingBatch, int failures)
    {
        var batches = new HashSet<long>();
        var policy = new Sabotaged(_policy, () => _adapters.Items[0].EffectiveWeight is not null && batches.Contains(8), states => batches.Add(states.shape[0]));
        Assert.Equal(failures, Run(policy, Config with { SamplingBatch = samplingBatch }).Count(result => !result.Passed));
    }

    private IReadOnlyList<SelfCheckResult> Run(IStepPolicy policy, TrainConfig? config = null, nn.Module? network = null, ITrainedWeights? weights = null)
    {
        using var encoded = new EncodedPrompts(policy.Encode);
        return new SelfCheck(config ?? Config, policy, network ?? _model.Unet, weights ?? _adapters, TinyModels.Prompts, encoded).Run(CancellationToken.None);
    }

    private float[] Weights() => [.. _adapters.Parameters().SelectMany(entry => entry.Value.data<float>().ToArray())];

    /// <summary>Moves the mean a little while <paramref name="isActive"/>.</summary>
    private sealed class Sabotaged(IStepPolicy policy, Func<bool> isActive, Action<Tensor>? onEvaluation = null) : IStepPolicy
    {
        public int Horizon => policy.Horizon;

        public IReadOnlyList<int> ScoredSteps => policy.ScoredSteps;

        public bool DecodesNoise => policy.DecodesNoise;

        public IReadOnlyList<long> StateShape => policy.StateShape;

        public Tensor Encode(IReadOnlyList<string> prompts) => policy.Encode(prompts);

        public Tensor Start(Tensor noise) => policy.Start(noise);

        public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
        {
            onEvaluation?.Invoke(states);
            var output = policy.Evaluate(states, step, condition);
            return isActive() ? output with { Mean = output.Mean + 1e-3f } : output;
        }

        public bool IsNoised(int step) => policy.IsNoised(step);

        public double Std(int step) => policy.Std(step);

        public ImageBatch Decode(Tensor samples) => policy.Decode(samples);
    }
}

using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Policy;

/// <summary>DDPO's policy against the formulas of DDIM, of guidance and of the Gaussian density, and its gradient against central differences.</summary>
public sealed class DdimPolicyTests : IDisposable
{
    private static readonly string[] Prompts = ["a flat cat", "a 3d dog"];

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public DdimPolicyTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_consistency_model_is_refused()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["lcm"]));
        var error = Assert.Throws<UserErrorException>(() => new DdimPolicy(model, new(4, 4)));
        Assert.Contains("expected a diffusion model (scheduler DDIMScheduler) to sample by DDIM, found a consistency model", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    public void A_step_is_DDIMs_with_the_guided_prediction_of_two_calls(double eta)
    {
        using var noGrad = no_grad();
        var policy = new DdimPolicy(_model, new(5, 4, eta));
        var step = DdimScheduler.CreateSteps(_model.Scheduler.CreateNoiseSchedule(), 5, _model.Scheduler.StepsOffset, _model.Scheduler.SetAlphaToOne)[2];
        var states = Noise(1, 2);
        var (without, with) = (Predict(states, step, ["", ""]), Predict(states, step, Prompts));
        var mean = policy.Evaluate(states, 2, policy.Encode(Prompts)).Mean;

        var epsilon = without + 4 * (with - without);
        var (from, to) = (step.From.AlphaCumprod, step.To.AlphaCumprod);
        var sigma = eta * Math.Sqrt((1 - to) / (1 - from) * (1 - from / to));
        var original = (states - Math.Sqrt(1 - from) * epsilon) / Math.Sqrt(from);
        AssertClose(Math.Sqrt(to) * original + Math.Sqrt(1 - to - sigma * sigma) * epsilon, mean, 1e-4);
        Assert.Equal(sigma, policy.Std(2), 1e-12);
        Assert.Equal(2, policy.EvaluationsPerStep);
    }

    [Fact]
    public void With_guidance_one_the_path_is_the_unguided_one()
    {
        using var noGrad = no_grad();
        var policy = new DdimPolicy(_model, new(5, 1));
        var step = DdimScheduler.CreateSteps(_model.Scheduler.CreateNoiseSchedule(), 5, _model.Scheduler.StepsOffset, _model.Scheduler.SetAlphaToOne)[1];
        var states = Noise(1, 2);
        var mean = policy.Evaluate(states, 1, policy.Encode(Prompts)).Mean;
        Assert.Equal(0, (DdimScheduler.Mean(states, Predict(states, step, Prompts), 1, step) - mean).abs().max().ToDouble());
        Assert.Equal(1, policy.EvaluationsPerStep);

        var nearly = new DdimPolicy(_model, new(5, 1 + 1e-9));
        AssertClose(mean, nearly.Evaluate(states, 1, nearly.Encode(Prompts)).Mean, 1e-5);
    }

    [Fact]
    public void Steps_with_noise_are_scored_and_pictures_show_the_last_noise()
    {
        var policy = new DdimPolicy(_model, new(50, 4));
        Assert.Equal(Enumerable.Range(0, 50), policy.ScoredSteps);
        Assert.True(policy.DecodesNoise);
        Assert.Equal([47, 48, 49], new DdimPolicy(_model, new(50, 4) { ScoredSteps = 3 }).ScoredSteps);
        Assert.Empty(new DdimPolicy(_model, new(50, 4, Eta: 0)).ScoredSteps);
        Assert.Throws<UserErrorException>(() => new DdimPolicy(_model, new(5, 4) { ScoredSteps = 6 }));

        var path = Path.Combine(_folder["model"], "scheduler", "scheduler_config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"set_alpha_to_one\": false", "\"set_alpha_to_one\": true", StringComparison.Ordinal));
        using var toOne = TextToImageModel.Load(_folder["model"]);
        Assert.Equal(Enumerable.Range(0, 49), new DdimPolicy(toOne, new(50, 4)).ScoredSteps); // the last step has no noise
        var error = Assert.Throws<UserErrorException>(() => new DdimPolicy(toOne, new(5, 4) { ScoredSteps = 5 }));
        Assert.Equal("scoredSteps: expected at most 4, of the 5 steps of a picture those that add noise, found 5; lower scoredSteps.", error.Message);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_noise_that_was_added()
    {
        var policy = new DdimPolicy(_model, new(4, 3));
        RolloutItem[] items = [.. Prompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Training(1, 0, index)))];
        using var trajectory = RolloutCollector.Collect(policy, items, policy.Encode(Prompts), LogProbReduction.Mean, policyVersion: 0);
        foreach (var step in policy.ScoredSteps)
        {
            var noise = AddressedRandom.NormalBatch([.. items.Select(item => item.Noise.Step(step))], [.. policy.StateShape]);
            var expected = -noise.square().mean([1, 2, 3]) / 2 - Math.Log(policy.Std(step)) - Math.Log(2 * Math.PI) / 2;
            AssertClose(expected, trajectory.LogProbs.select(1, step), 2e-4); // x + s z rounds beside a small s
        }
    }

    [Fact]
    public void The_gradient_equals_finite_differences()
    {
        var policy = new DdimPolicy(_model, new(3, 3));
        using var adapters = LoraAdapters.Create(_model.Unet, ["to_q", "to_v"], rank: 2, alpha: 4, seed: 1);
        using (no_grad())
        {
            foreach (var (index, item) in adapters.Items.Index())
                item.B.copy_(AddressedRandom.NormalTensor(new(1, RandomPurpose.LoraInit, Update: 1, Item: index), item.B.shape) * 0.2);
        }

        RolloutItem[] items = [.. Prompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Training(1, 0, index)))];
        Trajectory Collect()
        {
            using var merged = adapters.Merge();
            return RolloutCollector.Collect(policy, items, policy.Encode(Prompts), LogProbReduction.Mean, policyVersion: 0);
        }

        using var trajectory = Collect();
        double Loss() => PolicyGradient.Accumulate(policy, trajectory, [0, 1], [1, -0.5f], microBatch: 2, new(ClipRange: 0.9, AdvantageClip: 10, LogProbReduction.Mean, LatentDimensions: 64)).Loss;
        Loss();
        var gradients = adapters.Parameters().Select(entry => (Weight: (Tensor)entry.Value, Gradient: entry.Value.grad!.clone())).ToArray();
        var norm = Math.Sqrt(gradients.Sum(entry => entry.Gradient.square().sum().ToDouble()));
        double At(double distance)
        {
            using (no_grad())
                Array.ForEach(gradients, entry => entry.Weight.add_(entry.Gradient, distance / norm));
            var loss = Loss();
            using (no_grad())
                Array.ForEach(gradients, entry => entry.Weight.add_(entry.Gradient, -distance / norm));
            return loss;
        }

        Assert.Equal(1, (At(0.01) - At(-0.01)) / 0.02 / norm, 0.02);
    }

    [Fact]
    public void Every_prediction_is_counted_once_and_by_its_kind()
    {
        var policy = new NetworkMeter(new DdimPolicy(_model, new(4, 3)));
        RolloutItem[] items = [.. Prompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Training(1, 0, index)))];
        using var trajectory = RolloutCollector.Collect(policy, items, policy.Encode(Prompts), LogProbReduction.Mean, policyVersion: 0);
        Assert.Equal((2 * 2 * 4, 0), (policy.Sampling, policy.Training)); // pictures, predictions, steps
        PolicyGradient.LogProb(policy, trajectory, [1], scored: 0, LogProbReduction.Mean);
        Assert.Equal((16, 2), (policy.Sampling, policy.Training));
    }

    [Fact]
    public void Without_noise_it_is_the_deterministic_sampler()
    {
        using var noGrad = no_grad();
        var policy = new DdimPolicy(_model, new(4, 3, Eta: 0));
        using var encoded = new EncodedPrompts(policy.Encode);
        RolloutItem[] items = [.. Prompts.Select((prompt, index) => new RolloutItem(prompt, RolloutNoise.Sample(1, index)))];
        var drawn = RolloutCollector.Sample(policy, encoded, items, batchSize: 2, TestContext.Current.CancellationToken);

        var x = AddressedRandom.NormalBatch([.. items.Select(item => item.Noise.Initial)], [.. policy.StateShape]);
        foreach (var step in DdimScheduler.CreateSteps(_model.Scheduler.CreateNoiseSchedule(), 4, _model.Scheduler.StepsOffset, _model.Scheduler.SetAlphaToOne))
        {
            var (without, with) = (Predict(x, step, ["", ""]), Predict(x, step, Prompts));
            x = DdimScheduler.Mean(x, EpsilonPrediction.Guide(without, with, 3), eta: 0, step);
        }

        Assert.InRange(drawn.Pixels.Zip(_model.Decode(x).Pixels, (ours, theirs) => Math.Abs(ours - theirs)).Max(), 0, 1);
    }

    private Tensor Predict(Tensor states, DdimStep step, string[] prompts) =>
        _model.Unet.forward(new(states, full(states.shape[0], step.From.Timestep, ScalarType.Int64), _model.EncodePrompts(prompts), GuidanceEmbedding: null));

    private static Tensor Noise(ulong seed, int count) => AddressedRandom.NormalTensor(new(seed, RandomPurpose.InitialNoise), count, 4, 4, 4);

    private static void AssertClose(Tensor expected, Tensor found, double tolerance) => Assert.InRange((expected - found).abs().max().ToDouble(), 0, tolerance);
}

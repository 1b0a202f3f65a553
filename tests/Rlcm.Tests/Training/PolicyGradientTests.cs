using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Policy;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Tests.Policy;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

/// <summary>The gradient through scheduler, U-Net and adapters against central differences of the loss.</summary>
public sealed class PolicyGradientTests : IDisposable
{
    private const int Pictures = 4;
    private static readonly float[] Advantages = [1, -0.5f, 2, -1.5f];
    private static readonly int[] Rows = [0, 1, 2, 3];

    // No ratio is clipped: the loss is smooth.
    private static readonly PpoSettings Settings = new(ClipRange: 0.9, AdvantageClip: 10, LogProbReduction.Mean, LatentDimensions: 64);

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;
    private readonly LcmPolicy _policy;
    private readonly LoraAdapters _adapters;

    public PolicyGradientTests()
    {
        _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        _policy = new(_model, new(Horizon: 4, GuidanceScale: 4));
        _adapters = LoraAdapters.Create(_model.Unet, ["to_q", "to_k", "to_v", "to_out.0"], rank: 4, alpha: 8, seed: 1);
        using var noGrad = no_grad();
        foreach (var (index, item) in _adapters.Items.Index())
            item.B.copy_(AddressedRandom.NormalTensor(new(1, RandomPurpose.LoraInit, Update: 1, Item: index), item.B.shape) * 0.2);
    }

    public void Dispose()
    {
        _adapters.Dispose();
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void The_gradient_of_an_adapter_weight_equals_finite_differences()
    {
        using var trajectory = Collect();
        Accumulate(trajectory);
        foreach (var name in (string[])["A", "B"])
        {
            var weights = _adapters.Items.Select(item => name == "A" ? item.A : item.B).ToArray();
            var steepest = weights.MaxBy(weight => weight.grad!.abs().max().ToDouble())!;
            var index = steepest.grad!.abs().argmax().ToInt64();
            var gradient = steepest.grad!.flatten()[index].ToDouble();

            var direction = zeros_like(steepest).flatten();
            direction[index] = 1;
            var slope = Slope(trajectory, [(steepest, direction.view_as(steepest))], distance: 0.05);
            Assert.Equal(1, slope / gradient, 0.02);
        }
    }

    [Fact]
    public void Along_the_whole_gradient_the_loss_rises_by_its_norm()
    {
        using var trajectory = Collect();
        Accumulate(trajectory);
        var gradients = _adapters.Parameters().Select(entry => (Weight: (Tensor)entry.Value, Gradient: entry.Value.grad!.clone())).ToArray();
        var norm = Math.Sqrt(gradients.Sum(entry => entry.Gradient.square().sum().ToDouble()));
        var slope = Slope(trajectory, [.. gradients.Select(entry => (entry.Weight, entry.Gradient / norm))], distance: 0.05);
        Assert.Equal(1, slope / norm, 0.01);
    }

    [Fact]
    public void Held_to_the_base_model_the_loss_rises_along_its_gradient_by_its_norm()
    {
        using var recorded = Collect();
        using var trajectory = HeldToBase(recorded);
        var free = Accumulate(recorded, Settings).Loss;
        var freeGradients = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();
        var settings = Settings with { KlCoefficient = 20 };
        var metrics = Accumulate(trajectory, settings);
        Assert.InRange(metrics.ReferenceKl!.Value, 1e-6, double.MaxValue);
        Assert.Equal(free + 20 * metrics.ReferenceKl.Value, metrics.Loss, 1e-6);

        var gradients = _adapters.Parameters().Select(entry => (Weight: (Tensor)entry.Value, Gradient: entry.Value.grad!.clone())).ToArray();
        var norm = Math.Sqrt(gradients.Sum(entry => entry.Gradient.square().sum().ToDouble()));
        var slope = Slope(trajectory, [.. gradients.Select(entry => (entry.Weight, entry.Gradient / norm))], distance: 0.01, settings);
        Assert.Equal(1, slope / norm, 0.01);
        var added = Math.Sqrt(gradients.Zip(freeGradients).Sum(pair => (pair.First.Gradient - pair.Second).square().sum().ToDouble()));
        Assert.InRange(added / norm, 0.2, double.MaxValue); // else the slope would say little about the term
    }

    [Fact]
    public void Held_to_itself_the_policy_has_no_divergence_whatever_the_order_of_rows_and_batches()
    {
        using var parts = Trajectory.Concatenate([HeldToItself(0, 1), HeldToItself(2, 2)]);
        var metrics = PolicyGradient.Accumulate(_policy, parts, [2, 0, 1], Advantages, microBatch: 1, Settings with { KlCoefficient = 1 });
        Assert.InRange(metrics.ReferenceKl!.Value, 0, 1e-9);

        Trajectory HeldToItself(int first, int last)
        {
            var part = Collect(first, last + 1 - first);
            return part with { ReferenceMeans = PolicyGradient.Means(_policy, part, part.Count).DetachFromDisposeScope() };
        }
    }

    [Fact]
    public void A_divergence_that_is_only_logged_is_the_mean_of_the_pictures_compared_and_changes_no_gradient()
    {
        using var recorded = Collect();
        using var held = HeldToBase(recorded);
        Accumulate(recorded);
        var free = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();
        var means = PolicyGradient.Means(_policy, held, Pictures);
        var divergences = stack([.. Enumerable.Range(0, _policy.ScoredSteps.Count).Select(scored =>
            ReferenceKl.Compute(means.select(1, scored), held.ReferenceMeans!.select(1, scored), _policy.Std(_policy.ScoredSteps[scored])))]); // [T, B]

        var metrics = Accumulate(held with { ReferenceMeans = held.ReferenceMeans![..3] }); // one micro-batch of two pictures, one of one
        var expected = divergences[TensorIndex.Colon, ..3].mean().ToDouble();
        Assert.Equal(1, metrics.ReferenceKl!.Value / expected, 1e-4);
        Assert.InRange(Math.Abs(expected / divergences[TensorIndex.Colon, 2].mean().ToDouble() - 1), 1e-2, double.MaxValue); // pictures differ
        Assert.Equal(0.75, metrics.Compared);
        Assert.All(free.Zip(_adapters.Parameters()), pair => Assert.Equal(0, (pair.First - pair.Second.Value.grad!).abs().max().ToDouble()));
    }

    [Fact]
    public void A_coefficient_without_reference_means_is_refused()
    {
        using var trajectory = Collect();
        Assert.Throws<ArgumentException>(() => Accumulate(trajectory, Settings with { KlCoefficient = 1 }));
    }

    [Fact]
    public void The_gradient_at_collection_is_that_of_REINFORCE()
    {
        using var trajectory = Collect();
        var metrics = Accumulate(trajectory);
        Assert.Equal(1, metrics.RatioMean, 1e-6);
        Assert.Equal(-Advantages.Average(), metrics.Loss, 1e-5);

        var expected = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();
        Clear();
        for (var step = 0; step < _policy.ScoredSteps.Count; step++)
            (-tensor(Advantages) * PolicyGradient.LogProb(_policy, trajectory, Rows, step, LogProbReduction.Mean)).mean().div(_policy.ScoredSteps.Count).backward();
        Assert.All(expected.Zip(_adapters.Parameters()), pair =>
            Assert.InRange((pair.First - pair.Second.Value.grad!).norm().ToDouble() / pair.First.norm().ToDouble(), 0, 1e-4));
    }

    /// <summary>log N(x_H; f(x_{H-1}), s^2 I) and its gradient written out by hand.</summary>
    [Fact]
    public void A_decoded_last_step_trained_alone_has_the_gradient_of_its_own_density()
    {
        var policy = new LcmPolicy(_model, new(4, 4, FinalStep: FinalStep.Decoded) { FinalNoise = 0.3, ScoredSteps = 1 });
        using var trajectory = Collect(policy: policy);
        PolicyGradient.Accumulate(policy, trajectory, Rows, Advantages, microBatch: 2, Settings);
        var measured = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();

        Clear();
        var sample = policy.Evaluate(trajectory.States[TensorIndex.Colon, 0], 3, trajectory.Condition).Sample;
        var logDensity = -(trajectory.NextStates[TensorIndex.Colon, 0] - sample).square().flatten(1).mean([1]) / (2 * 0.3 * 0.3);
        (-tensor(Advantages) * logDensity).mean().backward();
        Assert.All(measured.Zip(_adapters.Parameters()), pair =>
            Assert.InRange((pair.First - pair.Second.Value.grad!).norm().ToDouble() / pair.First.norm().ToDouble(), 0, 1e-4));
    }

    [Fact, NoTensorLeaks]
    public void Pictures_in_one_state_have_the_gradient_of_pictures_on_their_own()
    {
        using var scope = NewDisposeScope();
        var policy = new CountingPolicy(new LcmPolicy(_model, new(4, 4, FinalStep: FinalStep.Decoded) { FinalNoise = 0.3, ScoredSteps = 2 }));
        RolloutItem[] items = [.. Enumerable.Range(0, Pictures).Select(index =>
            new RolloutItem(TinyModels.Prompts[index / 2], RolloutNoise.Branching(1, 0, root: index / 2 * 2, branchStep: policy.ScoredSteps[0], index)))];
        using var shared = RolloutCollector.Collect(policy, items, policy.Encode([.. items.Select(item => item.Prompt)]), LogProbReduction.Mean, policyVersion: 0);
        using var held = HeldToBase(shared, policy);
        var together = Interleaved(held);
        var gradients = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();
        Assert.Equal([2, 4], policy.Calls.Where(call => call.Trains).Select(call => call.Count));

        var alone = held with { Items = [.. items.Select((item, index) => item with { Noise = RolloutNoise.Training(1, 0, index) })] };
        var apart = Interleaved(alone);
        Assert.Equal([4, 4], policy.Calls.Where(call => call.Trains).Select(call => call.Count).Skip(2));
        Assert.Equal(apart.Loss, together.Loss, 1e-5);
        Assert.Equal(apart.ReferenceKl!.Value, together.ReferenceKl!.Value, 1e-6);
        Assert.All(gradients.Zip(_adapters.Parameters()), pair =>
            Assert.InRange((pair.First - pair.Second.Value.grad!).norm().ToDouble() / pair.First.norm().ToDouble(), 0, 1e-3));
        Clear();

        PpoMetrics Interleaved(Trajectory trajectory)
        {
            Clear();
            return PolicyGradient.Accumulate(policy, trajectory, [2, 0, 3, 1], Advantages, microBatch: 4, Settings with { KlCoefficient = 20 });
        }
    }

    [Fact]
    public void Rows_that_do_not_fill_their_micro_batches_are_refused()
    {
        using var trajectory = Collect();
        Assert.Throws<ArgumentException>(() => PolicyGradient.Accumulate(_policy, trajectory, [0, 1, 2], Advantages, microBatch: 2, Settings));
    }

    [Fact]
    public void A_divergence_below_the_threshold_leaves_the_free_gradient()
    {
        using var recorded = Collect();
        using var trajectory = HeldToBase(recorded);
        Accumulate(recorded);
        var free = _adapters.Parameters().Select(entry => entry.Value.grad!.clone()).ToArray();
        var metrics = Accumulate(trajectory, Settings with { KlCoefficient = 20, KlThreshold = 1e6 });
        Assert.InRange(metrics.ReferenceKl!.Value, 1e-6, double.MaxValue);
        Assert.All(free.Zip(_adapters.Parameters()), pair => Assert.Equal(0, (pair.First - pair.Second.Value.grad!).abs().max().ToDouble()));
    }

    [Fact, NoTensorLeaks]
    public void Collection_and_gradient_leave_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        using var trajectory = Collect();
        Accumulate(trajectory);
        Clear();
    }

    private Trajectory HeldToBase(Trajectory trajectory, IStepPolicy? policy = null)
    {
        using var withoutAdapters = _adapters.UseBase();
        return trajectory with { ReferenceMeans = PolicyGradient.Means(policy ?? _policy, trajectory, trajectory.Count).DetachFromDisposeScope() };
    }

    private Trajectory Collect(int first = 0, int count = Pictures, LcmPolicy? policy = null)
    {
        policy ??= _policy;
        RolloutItem[] items = [.. Enumerable.Range(first, count).Select(index => new RolloutItem(TinyModels.Prompts[index], RolloutNoise.Training(1, 0, index)))];
        return RolloutCollector.Collect(policy, items, policy.Encode([.. items.Select(item => item.Prompt)]), LogProbReduction.Mean, policyVersion: 0);
    }

    private PpoMetrics Accumulate(Trajectory trajectory, PpoSettings? settings = null)
    {
        Clear();
        return PolicyGradient.Accumulate(_policy, trajectory, Rows, Advantages, microBatch: 2, settings ?? Settings);
    }

    private void Clear()
    {
        foreach (var (_, value) in _adapters.Parameters())
            value.grad = null;
    }

    private double Slope(Trajectory trajectory, (Tensor Weight, Tensor Direction)[] steps, double distance, PpoSettings? settings = null)
    {
        double LossAt(double offset)
        {
            using (no_grad())
                Array.ForEach(steps, step => step.Weight.add_(step.Direction, offset));
            var loss = Accumulate(trajectory, settings).Loss;
            using (no_grad())
                Array.ForEach(steps, step => step.Weight.add_(step.Direction, -offset));
            return loss;
        }

        return (LossAt(distance) - LossAt(-distance)) / (2 * distance);
    }
}

using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using Rlcm.Tests.Policy;
using Rlcm.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Rollouts;

public sealed class RolloutCollectorTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;
    private readonly LcmPolicy _policy;

    public RolloutCollectorTests()
    {
        _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        _policy = new(_model, new(Horizon: 4, GuidanceScale: 4));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_trajectory_is_a_chain_from_its_noise_whose_log_probabilities_can_be_computed_again()
    {
        var items = Items(3);
        using var trajectory = Collect(items);
        Assert.Equal([3, 3, 4, 4, 4], trajectory.States.shape); // 3 of 4 steps are scored
        var noise = AddressedRandom.NormalBatch([.. items.Select(item => item.Noise.Initial)], 4, 4, 4);
        Assert.Equal(0, (trajectory.States[TensorIndex.Colon, 0] - noise).abs().max().ToDouble());
        Assert.Equal(0, (trajectory.States[TensorIndex.Colon, 1] - trajectory.NextStates[TensorIndex.Colon, 0]).abs().max().ToDouble());
        Assert.Equal(0, (trajectory.States[TensorIndex.Colon, 2] - trajectory.NextStates[TensorIndex.Colon, 1]).abs().max().ToDouble());

        using var noGrad = no_grad();
        for (var step = 0; step < 3; step++)
        {
            var again = PolicyGradient.LogProb(_policy, trajectory, [0, 1, 2], step, LogProbReduction.Mean);
            Assert.InRange((again - trajectory.LogProbs[TensorIndex.Colon, step]).abs().max().ToDouble(), 0, 2e-6);
        }
    }

    [Fact]
    public void Recorded_transitions_have_the_noise_of_their_addresses()
    {
        var items = Items(2);
        using var trajectory = Collect(items);
        using var noGrad = no_grad();
        var mean = _policy.Evaluate(trajectory.States[TensorIndex.Colon, 1], 1, trajectory.Condition).Mean;
        var noise = AddressedRandom.NormalBatch([.. items.Select(item => item.Noise.Step(1))], 4, 4, 4);
        Assert.InRange(((trajectory.NextStates[TensorIndex.Colon, 1] - mean) / _policy.Std(1) - noise).abs().max().ToDouble(), 0, 1e-4);
    }

    [Fact]
    public void Sampling_stops_between_steps()
    {
        using var stop = new CancellationTokenSource();
        using var encoded = new EncodedPrompts(_policy.Encode);
        var stopping = new CountingPolicy(_policy, stop.Cancel);
        Assert.Throws<OperationCanceledException>(() => RolloutCollector.Sample(stopping, encoded, Items(2), batchSize: 2, stop.Token));
        Assert.Single(stopping.Calls);
    }

    [Fact]
    public void Recording_changes_no_picture_and_neither_does_the_batch()
    {
        var items = Items(4);
        using var trajectory = Collect(items);
        Assert.Equal(trajectory.Images.Pixels, Sample(_policy, items, batchSize: 4).Pixels);
        var differences = Sample(_policy, items, batchSize: 1).Pixels.Zip(trajectory.Images.Pixels, (a, b) => Math.Abs(a - b));
        Assert.InRange(differences.Max(), 0, 1); // rounding may cross the border of two bytes
    }

    [Fact]
    public void Noise_of_a_decoded_last_step_is_seen_in_pictures_to_train_on_only()
    {
        var policy = new LcmPolicy(_model, new(4, 4, FinalStep: FinalStep.Decoded) { FinalNoise = 0.3, ScoredSteps = 1 });
        var items = Items(2);
        using var trajectory = RolloutCollector.Collect(policy, items, policy.Encode([.. items.Select(item => item.Prompt)]), LogProbReduction.Mean, policyVersion: 0);
        Assert.Equal([2, 1, 4, 4, 4], trajectory.States.shape);

        using var noGrad = no_grad();
        var last = policy.Evaluate(trajectory.States[TensorIndex.Colon, 0], 3, trajectory.Condition);
        Assert.Equal(0, (last.Mean - last.Sample).abs().max().ToDouble());
        var noise = AddressedRandom.NormalBatch([.. items.Select(item => item.Noise.Step(3))], 4, 4, 4);
        Assert.InRange((trajectory.NextStates[TensorIndex.Colon, 0] - (last.Sample + 0.3 * noise)).abs().max().ToDouble(), 0, 1e-5);
        Assert.Equal(policy.Decode(trajectory.NextStates[TensorIndex.Colon, 0]).Pixels, trajectory.Images.Pixels);

        var others = Sample(policy, items, batchSize: 2).Pixels;
        Assert.Equal(policy.Decode(last.Sample).Pixels, others);
        Assert.NotEqual(trajectory.Images.Pixels, others);
        Assert.Equal(Sample(_policy, items, batchSize: 2).Pixels, others);
    }

    [Fact]
    public void Branching_pictures_part_after_the_step_whose_noise_is_their_own()
    {
        RolloutItem[] items = [.. Enumerable.Range(4, 3).Select(index => new RolloutItem(TinyModels.Prompts[0], RolloutNoise.Branching(7, 2, root: 4, branchStep: 1, index)))];
        using var trajectory = Collect(items);
        var (root, other) = (trajectory.NextStates[0], trajectory.NextStates[1]);
        Assert.InRange((trajectory.States[1, 0] - trajectory.States[0, 0]).abs().max().ToDouble(), 0, 0);
        Assert.InRange((other[0] - root[0]).abs().max().ToDouble(), 0, 1e-5); // rows of a batch may differ in rounding
        Assert.InRange((other[1] - root[1]).abs().max().ToDouble(), 0.1, double.MaxValue);
        Assert.InRange((trajectory.NextStates[2, 1] - other[1]).abs().max().ToDouble(), 0.1, double.MaxValue);

        using var alone = Collect([new(TinyModels.Prompts[0], RolloutNoise.Training(7, 2, 4))]);
        Assert.InRange((root - alone.NextStates[0]).abs().max().ToDouble(), 0, 1e-5); // the root is as it would be without branches
    }

    [Fact, NoTensorLeaks]
    public void The_network_is_called_once_for_pictures_in_one_state()
    {
        using var scope = NewDisposeScope();
        RolloutItem[] items =
        [
            .. Enumerable.Range(4, 2).Select(index => new RolloutItem(TinyModels.Prompts[0], RolloutNoise.Branching(7, 2, root: 4, branchStep: 2, index))),
            .. Enumerable.Range(6, 2).Select(index => new RolloutItem(TinyModels.Prompts[1], RolloutNoise.Branching(7, 2, root: 6, branchStep: 2, index))),
        ];
        var counting = new CountingPolicy(_policy);
        using var shared = Collect(items, counting);
        Assert.Equal([2, 2, 2, 4], counting.Calls.Select(call => call.Count)); // parted by the noise of step 2

        using var apart = Trajectory.Concatenate([.. items.Select(item => Collect([item]))]);
        Assert.InRange((shared.States - apart.States).abs().max().ToDouble(), 0, 1e-5);
        Assert.InRange((shared.NextStates - apart.NextStates).abs().max().ToDouble(), 0, 1e-5);
        Assert.InRange((shared.LogProbs - apart.LogProbs).abs().max().ToDouble(), 0, 1e-5);
    }

    [Fact, NoTensorLeaks]
    public void Sampling_leaves_no_tensor_behind() => Sample(_policy, Items(3), batchSize: 2);

    [Fact, NoTensorLeaks]
    public void A_disposed_trajectory_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        Collect(Items(2)).Dispose();
    }

    [Fact]
    public void Joined_trajectories_keep_the_order()
    {
        var items = Items(4);
        using var whole = Collect(items);
        using var joined = Trajectory.Concatenate([Collect(items[..2]), Collect(items[2..])]);
        Assert.Equal(whole.Prompts, joined.Prompts);
        Assert.InRange((whole.NextStates - joined.NextStates).abs().max().ToDouble(), 0, 1e-5);
        Assert.Equal(whole.Images.Pixels.Length, joined.Images.Pixels.Length);
    }

    private Trajectory Collect(RolloutItem[] items, IStepPolicy? policy = null) =>
        RolloutCollector.Collect(policy ?? _policy, items, _policy.Encode([.. items.Select(item => item.Prompt)]), LogProbReduction.Mean, policyVersion: 0);

    private static ImageBatch Sample(IStepPolicy policy, RolloutItem[] items, int batchSize)
    {
        using var encoded = new EncodedPrompts(policy.Encode);
        return RolloutCollector.Sample(policy, encoded, items, batchSize);
    }

    private static RolloutItem[] Items(int count) =>
        [.. Enumerable.Range(0, count).Select(index => new RolloutItem(TinyModels.Prompts[index], RolloutNoise.Training(7, 2, index)))];
}

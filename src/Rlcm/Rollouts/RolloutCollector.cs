using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Rollouts;

/// <summary>Samples pictures from a policy: a function of its weights and the addressed items, and of nothing else.</summary>
public static class RolloutCollector
{
    /// <summary>Samples one batch and records every scored transition.</summary>
    /// <param name="policy">The policy; merge its adapters first.</param>
    /// <param name="items">[B] prompts and noise addresses.</param>
    /// <param name="condition">Encoded prompts, [B, ...]; the trajectory keeps a reference of its own.</param>
    /// <param name="reduction">How log-probabilities are reduced.</param>
    /// <param name="policyVersion">Recorded as is.</param>
    public static Trajectory Collect(IStepPolicy policy, IReadOnlyList<RolloutItem> items, Tensor condition, LogProbReduction reduction, long policyVersion)
    {
        using var scope = NewDisposeScope();
        var states = new List<Tensor>();
        var nextStates = new List<Tensor>();
        var logProbs = new List<Tensor>();
        var final = Run(policy, items, condition, policy.DecodesNoise, (step, state, next, mean) =>
        {
            if (!policy.ScoredSteps.Contains(step))
                return;
            states.Add(state);
            nextStates.Add(next);
            logProbs.Add(GaussianLogProb.Compute(next, mean, reduction, policy.Std(step)));
        }, CancellationToken.None);
        return new(
            items,
            policyVersion,
            condition.alias().DetachFromDisposeScope(),
            stack(states, dim: 1).DetachFromDisposeScope(),
            stack(nextStates, dim: 1).DetachFromDisposeScope(),
            stack(logProbs, dim: 1).DetachFromDisposeScope(),
            policy.Decode(final));
    }

    /// <summary>Samples pictures without recording how.</summary>
    /// <param name="policy">The policy; merge its adapters first.</param>
    /// <param name="encoded">Encodes prompts as <paramref name="policy"/> does.</param>
    /// <param name="items">Prompts and noise addresses of the pictures.</param>
    /// <param name="batchSize">Pictures sampled at once.</param>
    /// <param name="stop">Stops between steps.</param>
    /// <exception cref="OperationCanceledException">Stopped, which takes effect between steps.</exception>
    /// <exception cref="UserErrorException">What the policy predicts is no number.</exception>
    public static ImageBatch Sample(IStepPolicy policy, EncodedPrompts encoded, IReadOnlyList<RolloutItem> items, int batchSize, CancellationToken stop = default) =>
        ImageBatch.Concatenate([.. items.Chunk(batchSize).Select(batch =>
        {
            stop.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var final = Run(policy, batch, encoded.Of([.. batch.Select(item => item.Prompt)]), decodesNoise: false, (_, _, _, _) => { }, stop);
            RequireFinite(final);
            return policy.Decode(final);
        })]);

    /// <summary>What is to be decoded of pictures, [B, ...].</summary>
    private static Tensor Run(
        IStepPolicy policy, IReadOnlyList<RolloutItem> items, Tensor condition, bool decodesNoise, Action<int, Tensor, Tensor, Tensor> record, CancellationToken stop)
    {
        using var noGrad = no_grad();
        var state = policy.Start(Noise(policy, items, item => item.Noise.Initial, condition.device));
        var final = state;
        for (var i = 0; i < policy.Horizon; i++)
        {
            stop.ThrowIfCancellationRequested();
            var step = i;
            var (sample, mean) = SharedStates.Evaluate(policy, items, state, step, condition);
            var next = policy.IsNoised(step)
                ? LcmScheduler.Step(mean, Noise(policy, items, item => item.Noise.Step(step), condition.device), policy.Std(step))
                : mean;
            record(step, state, next, mean);
            (state, final) = (next, decodesNoise ? next : sample);
        }

        return final;
    }

    private static void RequireFinite(Tensor final)
    {
        if (!final.isfinite().all().cpu().item<bool>())
            throw new UserErrorException("The model predicts numbers that are not finite: its weights or the adapter's are damaged, or out of the range of fp16; fetch them again, or choose --dtype bf16 or fp32.");
    }

    private static Tensor Noise(IStepPolicy policy, IReadOnlyList<RolloutItem> items, Func<RolloutItem, RandomAddress> address, Device device) =>
        AddressedRandom.NormalBatch([.. items.Select(address)], [.. policy.StateShape]).to(device);
}

using Rlcm.Policy;
using Rlcm.Rollouts;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// The gradient of the clipped loss over recorded transitions (Oertell et al. 2024, eq. 5), plus <see cref="ReferenceKl"/> where the
/// trajectory has reference means: a function of the policy's weights, the rows and their advantages. Gradients add up in the weights, in the order of the rows.
/// </summary>
public static class PolicyGradient
{
    /// <summary>
    /// Accumulates the gradient of the mean loss over <paramref name="rows"/> and all scored steps; every (micro-batch, step) is
    /// one backward pass with weight 1/(micro-batches x steps).
    /// </summary>
    /// <param name="policy">The policy, adapters not merged.</param>
    /// <param name="trajectory">What was recorded.</param>
    /// <param name="rows">Which pictures of it; a multiple of <paramref name="microBatch"/>.</param>
    /// <param name="advantages">One per picture of the trajectory, [B].</param>
    /// <param name="microBatch">Pictures per backward pass.</param>
    /// <param name="settings">Clipping and reduction.</param>
    /// <returns>Means of the loss and its diagnostics.</returns>
    /// <exception cref="ArgumentException">The settings hold the policy to the base model, and the trajectory does not have its means.</exception>
    public static PpoMetrics Accumulate(
        IStepPolicy policy, Trajectory trajectory, ReadOnlySpan<int> rows, ReadOnlySpan<float> advantages, int microBatch, PpoSettings settings)
    {
        if (settings.KlCoefficient > 0 && trajectory.ReferenceMeans is null)
            throw new ArgumentException("A KL coefficient above 0 needs a trajectory with reference means.", nameof(trajectory));
        var metrics = new List<PpoMetrics>();
        var weight = 1f / (rows.Length / microBatch * policy.ScoredSteps.Count);
        for (var start = 0; start < rows.Length; start += microBatch)
        {
            var batch = rows.Slice(start, microBatch);
            for (var scored = 0; scored < policy.ScoredSteps.Count; scored++)
            {
                using var scope = NewDisposeScope();
                var device = trajectory.States.device;
                var index = tensor(batch.ToArray(), dtype: ScalarType.Int64, device: device);
                var mean = Mean(policy, trajectory, index, scored);
                var std = policy.Std(policy.ScoredSteps[scored]);
                var logProb = GaussianLogProb.Compute(Rows(trajectory.NextStates, index, scored), mean, settings.Reduction, std);
                var advantage = tensor(Gather(advantages, batch), device: device);
                var (loss, measured) = PpoLoss.Compute(logProb, Rows(trajectory.LogProbs, index, scored), advantage, settings);
                if (trajectory.ReferenceMeans is { } reference)
                {
                    var divergence = ReferenceKl.Compute(mean, Rows(reference, index, scored), std);
                    loss += settings.KlCoefficient * divergence;
                    measured = measured with { Loss = loss.ToDouble(), ReferenceKl = divergence.ToDouble() };
                }

                (loss * weight).backward();
                metrics.Add(measured);
            }
        }

        return new(
            metrics.Average(entry => entry.Loss),
            metrics.Average(entry => entry.RatioMean),
            metrics.Average(entry => entry.ClipFraction),
            metrics.Average(entry => entry.ApproxKl),
            metrics.Average(entry => entry.ReferenceKl));
    }

    /// <summary>
    /// log p(x_{i+1} | x_i) of the pictures <paramref name="index"/> under the policy as it is now, [B], differentiable; x_i is the state
    /// number <paramref name="scored"/> of those that were recorded.
    /// </summary>
    public static Tensor LogProb(IStepPolicy policy, Trajectory trajectory, Tensor index, int scored, LogProbReduction reduction)
    {
        using var scope = NewDisposeScope();
        var mean = Mean(policy, trajectory, index, scored);
        return GaussianLogProb.Compute(Rows(trajectory.NextStates, index, scored), mean, reduction, policy.Std(policy.ScoredSteps[scored])).MoveToOuterDisposeScope();
    }

    /// <summary>Means of all scored steps of <paramref name="trajectory"/> under the policy as it is now, [B, T, ...], without gradient.</summary>
    public static Tensor Means(IStepPolicy policy, Trajectory trajectory)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return stack(
            [.. policy.ScoredSteps.Select((step, scored) => policy.Evaluate(trajectory.States[TensorIndex.Colon, scored], step, trajectory.Condition).Mean)],
            dim: 1).MoveToOuterDisposeScope();
    }

    private static Tensor Mean(IStepPolicy policy, Trajectory trajectory, Tensor index, int scored) =>
        policy.Evaluate(Rows(trajectory.States, index, scored), policy.ScoredSteps[scored], trajectory.Condition.index_select(0, index)).Mean;

    private static Tensor Rows(Tensor recorded, Tensor index, int scored) => recorded.index_select(0, index)[TensorIndex.Colon, scored];

    private static float[] Gather(ReadOnlySpan<float> values, ReadOnlySpan<int> rows)
    {
        var gathered = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            gathered[i] = values[rows[i]];
        return gathered;
    }
}

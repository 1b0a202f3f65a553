using Rlcm.Policy;
using Rlcm.Rollouts;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// The gradient of the clipped loss over recorded transitions (Oertell et al. 2024, eq. 5), plus <see cref="ReferenceKl"/> where the
/// policy is held to the base model: a function of the policy's weights, the rows and their advantages. Gradients add up in the weights, in the order of the rows.
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
    /// <exception cref="ArgumentException">The settings hold the policy to the base model, and the trajectory does not have its means, or the rows do not divide into micro-batches.</exception>
    public static PpoMetrics Accumulate(
        IStepPolicy policy, Trajectory trajectory, IReadOnlyList<int> rows, IReadOnlyList<float> advantages, int microBatch, PpoSettings settings)
    {
        if (settings.KlCoefficient > 0 && trajectory.ReferenceMeans?.shape[0] != trajectory.Count)
            throw new ArgumentException("A KL coefficient above 0 needs the reference means of all pictures.", nameof(trajectory));
        if (rows.Count == 0 || rows.Count % microBatch != 0)
            throw new ArgumentException($"{rows.Count} rows do not divide into micro-batches of {microBatch}.", nameof(rows));
        var metrics = new List<PpoMetrics>();
        var weight = 1f / (rows.Count / microBatch * policy.ScoredSteps.Count);
        foreach (var batch in rows.Chunk(microBatch))
        {
            for (var scored = 0; scored < policy.ScoredSteps.Count; scored++)
            {
                using var scope = NewDisposeScope();
                var index = Index(trajectory, batch);
                var mean = Mean(policy, trajectory, batch, index, scored);
                var std = policy.Std(policy.ScoredSteps[scored]);
                var logProb = GaussianLogProb.Compute(Rows(trajectory.NextStates, index, scored), mean, settings.Reduction, std);
                var advantage = tensor([.. batch.Select(row => advantages[row])], device: trajectory.States.device);
                var (loss, measured) = PpoLoss.Compute(logProb, Rows(trajectory.LogProbs, index, scored), advantage, settings);
                if (Divergence(trajectory, batch, settings.KlCoefficient > 0 ? mean : mean.detach(), scored, std) is { } divergence)
                {
                    measured = measured with { ReferenceKl = divergence.mean().ToNumber(), Compared = divergence.shape[0] / (double)batch.Length };
                    if (settings.KlCoefficient > 0)
                    {
                        loss = loss.Plus(ReferenceKl.Penalty(divergence, settings.KlThreshold) * Kept(settings.KlCoefficient));
                        measured = measured with { Loss = loss.ToNumber() };
                    }
                }

                (loss * Kept(weight)).backward();
                metrics.Add(measured);
            }
        }

        return PpoMetrics.Mean(metrics);
    }

    /// <summary>
    /// log p(x_{i+1} | x_i) of the pictures <paramref name="rows"/> under the policy as it is now, [B], differentiable; x_i is the state
    /// number <paramref name="scored"/> of those that were recorded.
    /// </summary>
    public static Tensor LogProb(IStepPolicy policy, Trajectory trajectory, IReadOnlyList<int> rows, int scored, LogProbReduction reduction)
    {
        using var scope = NewDisposeScope();
        var index = Index(trajectory, rows);
        var mean = Mean(policy, trajectory, rows, index, scored);
        return GaussianLogProb.Compute(Rows(trajectory.NextStates, index, scored), mean, reduction, policy.Std(policy.ScoredSteps[scored])).MoveToOuterDisposeScope();
    }

    /// <summary>Means of all scored steps of the first <paramref name="count"/> pictures under the policy as it is now, [count, T, ...], without gradient.</summary>
    public static Tensor Means(IStepPolicy policy, Trajectory trajectory, int count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        int[] all = [.. Enumerable.Range(0, count)];
        var index = Index(trajectory, all);
        return stack([.. policy.ScoredSteps.Select((_, scored) => Mean(policy, trajectory, all, index, scored))], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Divergence from the base model of those of <paramref name="rows"/> whose reference means are there; null where none's are.</summary>
    private static Tensor? Divergence(Trajectory trajectory, int[] rows, Tensor mean, int scored, double std)
    {
        int[] places = trajectory.ReferenceMeans is not { } means ? [] : [.. Enumerable.Range(0, rows.Length).Where(place => rows[place] < means.shape[0])];
        if (places.Length == 0)
            return null;
        using var scope = NewDisposeScope();
        var own = places.Length == rows.Length ? mean : mean.index_select(0, Index(trajectory, places));
        var reference = Rows(trajectory.ReferenceMeans!, Index(trajectory, [.. places.Select(place => rows[place])]), scored);
        return ReferenceKl.Compute(own, reference, std).MoveToOuterDisposeScope();
    }

    /// <summary>Means of one scored step of the pictures <paramref name="rows"/>, which <paramref name="index"/> holds as a tensor; [b, ...], differentiable.</summary>
    private static Tensor Mean(IStepPolicy policy, Trajectory trajectory, IReadOnlyList<int> rows, Tensor index, int scored)
    {
        using var scope = NewDisposeScope();
        RolloutItem[] items = [.. rows.Select(row => trajectory.Items[row])];
        var condition = trajectory.Condition.index_select(0, index);
        return SharedStates.Evaluate(policy, items, Rows(trajectory.States, index, scored), policy.ScoredSteps[scored], condition).Mean.MoveToOuterDisposeScope();
    }

    private static Tensor Index(Trajectory trajectory, IReadOnlyList<int> rows) => tensor([.. rows], dtype: ScalarType.Int64, device: trajectory.States.device);

    private static Tensor Rows(Tensor recorded, Tensor index, int scored) => recorded.select(1, scored).index_select(0, index);
}

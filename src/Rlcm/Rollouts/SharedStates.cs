using Rlcm.Policy;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Rollouts;

/// <summary>
/// Calls the network once for pictures that are in one state: those of a branched group until they part. Only the work is shared, the
/// result is that of a call for each, but for rounding.
/// </summary>
public static class SharedStates
{
    /// <summary>As <see cref="IStepPolicy.Evaluate"/>, of pictures whose states follow from <paramref name="items"/>.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="items">[B] prompts and noise addresses of the pictures.</param>
    /// <param name="states">[B, ...].</param>
    /// <param name="step">0..H-1.</param>
    /// <param name="condition">[B, ...].</param>
    public static PolicyOutput Evaluate(IStepPolicy policy, IReadOnlyList<RolloutItem> items, Tensor states, int step, Tensor condition)
    {
        RolloutItem[] origins = [.. items.Select(item => item with { Noise = item.Noise.Before(step) })];
        RolloutItem[] distinct = [.. origins.Distinct()];
        if (distinct.Length == items.Count)
            return policy.Evaluate(states, step, condition);
        using var scope = NewDisposeScope();
        var rows = tensor([.. distinct.Select(origin => (long)Array.IndexOf(origins, origin))], device: states.device);
        var places = tensor([.. origins.Select(origin => (long)Array.IndexOf(distinct, origin))], device: states.device);
        var (sample, mean) = policy.Evaluate(states.index_select(0, rows), step, condition.index_select(0, rows));
        return new(sample.index_select(0, places).MoveToOuterDisposeScope(), mean.index_select(0, places).MoveToOuterDisposeScope());
    }
}

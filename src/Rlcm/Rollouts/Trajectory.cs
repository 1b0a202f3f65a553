using Rlcm.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Rollouts;

/// <summary>One picture to be made: its prompt and its noise.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Noise">Addresses of its noise.</param>
public readonly record struct RolloutItem(string Prompt, RolloutNoise Noise);

/// <summary>Everything recorded while a batch of pictures was sampled. B pictures, T scored steps.</summary>
/// <param name="Items">[B] what was asked for.</param>
/// <param name="PolicyVersion">Optimizer steps the policy had taken when it sampled this.</param>
/// <param name="Condition">Encoded prompts, [B, ...].</param>
/// <param name="States">x_i of the scored steps, [B, T, ...].</param>
/// <param name="NextStates">x_{i+1} of the scored steps, [B, T, ...].</param>
/// <param name="LogProbs">log p(x_{i+1} | x_i) at collection, [B, T].</param>
/// <param name="Images">The B pictures.</param>
public sealed record Trajectory(
    IReadOnlyList<RolloutItem> Items, long PolicyVersion, Tensor Condition, Tensor States, Tensor NextStates, Tensor LogProbs, ImageBatch Images) : IDisposable
{
    /// <summary>The base model's means of the scored steps of the first pictures, [b, T, ...]: of all where the policy is held to it, null where none was computed; owned by the trajectory.</summary>
    public Tensor? ReferenceMeans { get; init; }

    /// <summary>B.</summary>
    public int Count => Items.Count;

    /// <summary>The prompt of each picture.</summary>
    public IReadOnlyList<string> Prompts { get; } = [.. Items.Select(item => item.Prompt)];

    /// <summary>One trajectory of all pictures of <paramref name="parts"/>, in order; the parts are disposed. Only the first pictures may have reference means.</summary>
    public static Trajectory Concatenate(IReadOnlyList<Trajectory> parts)
    {
        if (parts.Count == 1)
            return parts[0];
        Tensor All(Func<Trajectory, Tensor> field) => cat([.. parts.Select(field)]).DetachFromDisposeScope();
        var whole = new Trajectory(
            [.. parts.SelectMany(part => part.Items)], parts[0].PolicyVersion, All(part => part.Condition), All(part => part.States),
            All(part => part.NextStates), All(part => part.LogProbs), ImageBatch.Concatenate([.. parts.Select(part => part.Images)]))
        {
            ReferenceMeans = parts[0].ReferenceMeans is null ? null : cat([.. parts.Select(part => part.ReferenceMeans).OfType<Tensor>()]).DetachFromDisposeScope(),
        };
        foreach (var part in parts)
            part.Dispose();
        return whole;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Condition.Dispose();
        States.Dispose();
        NextStates.Dispose();
        LogProbs.Dispose();
        ReferenceMeans?.Dispose();
    }
}

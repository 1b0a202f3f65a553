using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// How far a step of the policy has moved from the same step of the base model: what keeps pictures pictures where a reward alone would not
/// (named in Oertell et al. 2024 as the remedy against over-fitting the reward; computed as flow_grpo does).
/// </summary>
public static class ReferenceKl
{
    /// <summary>
    /// Mean over latent dimensions of (mean - reference)^2 / (2 std^2): KL divergence of two Gaussians with one standard deviation, divided
    /// by d. One per image, [B], differentiable in <paramref name="mean"/> only.
    /// </summary>
    /// <param name="mean">Means of the policy being trained, [B, ...].</param>
    /// <param name="reference">Those of the base model, [B, ...].</param>
    /// <param name="std">Standard deviation of the transition; positive.</param>
    /// <exception cref="ArgumentException">The shapes differ, or the standard deviation is not positive.</exception>
    public static Tensor Compute(Tensor mean, Tensor reference, double std)
    {
        if (!mean.shape.SequenceEqual(reference.shape))
            throw new ArgumentException("The means must have one shape.", nameof(reference));
        if (!(std > 0))
            throw new ArgumentException($"A transition without noise has no divergence: standard deviation {std}.", nameof(std));

        using var scope = NewDisposeScope();
        return ((mean - reference.detach()).Squared().flatten(1).mean([1]) / Kept(2 * std * std)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss: mean over images of max(0, divergence - threshold). Every image has an allowance of its own in every step, so that
    /// none is ruined for the average (as <c>kl_cutoff_loss</c> of TF-Agents' PPO, which squares it, averages first, and measures from the policy
    /// that collected). Scalar.
    /// </summary>
    /// <param name="divergence">Of each image, [B].</param>
    /// <param name="threshold">0: every divergence counts.</param>
    public static Tensor Penalty(Tensor divergence, double threshold)
    {
        using var scope = NewDisposeScope();
        return (divergence - Kept(threshold)).clamp_min(Kept(0)).mean().MoveToOuterDisposeScope();
    }
}

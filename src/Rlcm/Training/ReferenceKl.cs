using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// How far a step of the policy has moved from the same step of the base model: what keeps pictures pictures where a reward alone would not
/// (named in Oertell et al. 2024 as the remedy against over-fitting the reward; computed as flow_grpo does).
/// </summary>
public static class ReferenceKl
{
    /// <summary>
    /// Mean over images and latent dimensions of (mean - reference)^2 / (2 std^2): KL divergence of two Gaussians with one standard
    /// deviation, divided by d. Scalar, differentiable in <paramref name="mean"/> only.
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
        return ((mean - reference.detach()).square().mean() / (2 * std * std)).MoveToOuterDisposeScope();
    }
}

using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// CLIP's loss (Radford et al. 2021, figure 3) where a caption may describe several pictures of a batch: those share the target, as in
/// UniCL (Yang et al. 2022, eq. 2 to 4). Without such captions it is CLIP's.
/// </summary>
public static class ContrastiveLoss
{
    /// <summary>Mean of the cross entropies over captions for each picture and over pictures for each caption, a scalar.</summary>
    /// <param name="logits">[B, B], scaled cosines: row i is a picture, column j a caption.</param>
    /// <param name="matches">[B, B], 1 where caption j describes picture i and 0 elsewhere; at least one in each row and column.</param>
    public static Tensor Compute(Tensor logits, Tensor matches)
    {
        using var scope = NewDisposeScope();
        return (CrossEntropy(logits, matches, 1).Plus(CrossEntropy(logits, matches, 0)) * Kept(0.5)).MoveToOuterDisposeScope();
    }

    private static Tensor CrossEntropy(Tensor logits, Tensor matches, long dim)
    {
        var targets = matches / matches.sum(dim, keepdim: true);
        return -(targets * logits.log_softmax(dim)).sum(dim).mean();
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Evaluation;

/// <summary>How much pictures differ from one another in the eyes of a network.</summary>
public static class EmbeddingDiversity
{
    /// <summary>Mean of 1 - cosine over all pairs, 0..2; 0 for fewer than two.</summary>
    /// <param name="embeddings">[N, P] of length 1.</param>
    public static double MeanPairwiseDistance(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = embeddings.shape[0];
        if (count < 2)
            return 0;
        var rows = embeddings.to(ScalarType.Float64);
        var cosines = rows.matmul(rows.t()); // [N, N]
        return 1 - (cosines.sum() - cosines.trace()).item<double>() / (count * (count - 1));
    }
}

using Rlcm.Evaluation;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Evaluation;

public sealed class EmbeddingDiversityTests
{
    [Fact, NoTensorLeaks]
    public void The_mean_over_pairs_has_its_closed_form()
    {
        // Cosines 0, 0.6 and 0.8.
        using var embeddings = tensor(new float[,] { { 1, 0 }, { 0, 1 }, { 0.6f, 0.8f } });
        Assert.Equal(1 - (0 + 0.6 + 0.8) / 3, EmbeddingDiversity.MeanPairwiseDistance(embeddings), 1e-7);
    }

    [Fact, NoTensorLeaks]
    public void Opposites_are_two_apart_and_equals_not_at_all()
    {
        using var opposites = tensor(new float[,] { { 0.6f, 0.8f }, { -0.6f, -0.8f } });
        using var equals = tensor(new float[,] { { 0.6f, 0.8f }, { 0.6f, 0.8f } });
        using var single = tensor(new float[,] { { 0.6f, 0.8f } });
        Assert.Equal(2, EmbeddingDiversity.MeanPairwiseDistance(opposites), 1e-7);
        Assert.Equal(0, EmbeddingDiversity.MeanPairwiseDistance(equals), 1e-7);
        Assert.Equal(0, EmbeddingDiversity.MeanPairwiseDistance(single));
    }
}

using Rlcm.Rewards.Alignment;
using Xunit;

namespace Rlcm.Tests.Rewards.Alignment;

/// <summary>Cases that are computed by hand: vectors in a plane.</summary>
public sealed class BertScoreTests
{
    private static readonly double Root = Math.Sqrt(0.5);

    [Fact]
    public void Every_token_finds_its_best_match_on_the_other_side()
    {
        var candidate = Tokens([1, 1], (1, 0), (1, 1)); // at 0 and 45 degrees
        var reference = Tokens([1, 1, 1], (0, 2), (3, 0), (-1, 0)); // at 90, 0 and 180
        var score = BertScore.Compute(candidate, reference);
        Assert.Equal((1 + Root) / 2, score.Precision, 1e-7);
        Assert.Equal((Root + 1 - Root) / 3, score.Recall, 1e-7); // the last one has no good match: -cos 45
        Assert.Equal(2 * score.Precision * score.Recall / (score.Precision + score.Recall), score.F1, 1e-12);
        var swapped = BertScore.Compute(reference, candidate);
        Assert.Equal((score.Recall, score.Precision), (swapped.Precision, swapped.Recall));
    }

    [Fact]
    public void Special_tokens_weigh_nothing_and_may_be_matches()
    {
        var candidate = Tokens([0, 1], (0, 1), (1, 0)); // the special one is the reference's only match
        var reference = Tokens([0, 1], (-1, 0), (0, 1));
        var score = BertScore.Compute(candidate, reference);
        Assert.Equal((0, 1), (score.Precision, score.Recall));
    }

    [Fact]
    public void Weights_make_means_weighted()
    {
        var score = BertScore.Compute(Tokens([1], (1, 0)), Tokens([3, 1], (1, 0), (0, 1)));
        Assert.Equal((1, 0.75), (score.Precision, score.Recall));
    }

    [Fact]
    public void Rare_tokens_weigh_more()
    {
        var frequencies = new TokenFrequencies([[1, 5, 5, 2], [1, 5, 6, 2], [1, 7, 2]]);
        Assert.Equal(0, frequencies.Weight(1)); // in all three
        Assert.Equal(Math.Log(4.0 / 3), frequencies.Weight(5), 1e-12); // in two, however often
        Assert.Equal(Math.Log(4.0 / 2), frequencies.Weight(6), 1e-12);
        Assert.Equal(Math.Log(4.0), frequencies.Weight(8), 1e-12); // in none
    }

    [Fact]
    public void Scores_are_rescaled_by_their_baselines()
    {
        var rescaled = new BertScoreResult(0.9, 0.6, 0.72).Rescale(new(0.8, 0.5, 0.6));
        Assert.Equal(0.5, rescaled.Precision, 1e-12);
        Assert.Equal(0.2, rescaled.Recall, 1e-12);
        Assert.Equal(0.3, rescaled.F1, 1e-12);
        Assert.Equal(1, new BertScoreResult(1, 1, 1).Rescale(new(0.8, 0.5, 0.6)).F1);
        Assert.Equal(0, new BertScoreResult(0.8, 0.5, 0.6).Rescale(new(0.8, 0.5, 0.6)).Recall);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        Assert.Throws<ArgumentException>(() => BertScore.Compute(Tokens([0, 0], (1, 0), (0, 1)), Tokens([1], (1, 0))));
        Assert.Throws<ArgumentException>(() => BertScore.Compute(Tokens([1], (1, 0)), new TokenVectors([1], 1, [1])));
        Assert.Throws<ArgumentException>(() => new TokenVectors([1, 0, 0], 2, [1]));
    }

    private static TokenVectors Tokens(double[] weights, params (float X, float Y)[] vectors) => new([.. vectors.SelectMany(vector => (float[])[vector.X, vector.Y])], 2, weights);
}

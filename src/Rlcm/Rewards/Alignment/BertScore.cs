namespace Rlcm.Rewards.Alignment;

/// <summary>Precision, recall and their harmonic mean, each a cosine or, rescaled, a multiple of one.</summary>
/// <param name="Precision">How well the candidate's tokens are found in the reference.</param>
/// <param name="Recall">How well the reference's tokens are found in the candidate.</param>
/// <param name="F1">2 P R / (P + R), or what it was rescaled to.</param>
public readonly record struct BertScoreResult(double Precision, double Recall, double F1)
{
    /// <summary>(x - b) / (1 - b) of each number with its own baseline b, the mean score of unrelated sentences (Zhang et al. 2020, section 3).</summary>
    public BertScoreResult Rescale(BertScoreResult baseline) =>
        new(Rescale(Precision, baseline.Precision), Rescale(Recall, baseline.Recall), Rescale(F1, baseline.F1));

    private static double Rescale(double score, double baseline) => (score - baseline) / (1 - baseline);
}

/// <summary>BERTScore (Zhang et al. 2020, "BERTScore: Evaluating Text Generation with BERT", section 3): tokens find each other by the cosines of their vectors.</summary>
public static class BertScore
{
    /// <summary>
    /// P = sum_i v_i max_j y_j . x_i / sum_i v_i over the candidate's tokens i, R the same over the reference's: each token finds its best match
    /// on the other side. Tokens of weight zero, which special tokens have, count in no average but may be a match, as in <c>greedy_cos_idf</c> of bert_score.
    /// </summary>
    /// <exception cref="ArgumentException">The vectors are of two widths, or no token of a sentence counts.</exception>
    public static BertScoreResult Compute(TokenVectors candidate, TokenVectors reference)
    {
        if (candidate.Width != reference.Width)
            throw new ArgumentException($"Expected vectors of {candidate.Width} numbers as the candidate has, found {reference.Width}.", nameof(reference));
        var precision = Coverage(candidate, reference);
        var recall = Coverage(reference, candidate);
        return new(precision, recall, 2 * precision * recall / (precision + recall));
    }

    /// <summary>The weighted mean of the cosines of the tokens of <paramref name="of"/> to their best matches in <paramref name="by"/>.</summary>
    private static double Coverage(TokenVectors of, TokenVectors by)
    {
        var total = of.Weights.Sum();
        if (!(total > 0))
            throw new ArgumentException("Expected a token that counts, found none: an empty text has no BERTScore.", nameof(of));
        var sum = 0.0;
        for (var i = 0; i < of.Count; i++)
        {
            var best = double.NegativeInfinity;
            for (var j = 0; j < by.Count; j++)
                best = Math.Max(best, Dot(of[i], by[j]));
            sum += of.Weights[i] * best;
        }

        return sum / total;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }
}

namespace Rlcm.Rewards.Alignment;

/// <summary>How rare tokens are among reference sentences: the optional weights of BERTScore (Zhang et al. 2020, section 3, "Importance Weighting").</summary>
public sealed class TokenFrequencies
{
    private readonly Dictionary<int, int> _sentences = [];
    private readonly int _count;

    /// <param name="references">The ids of each sentence, special ones included: those are in every sentence, so that they weigh nothing.</param>
    public TokenFrequencies(IReadOnlyCollection<IReadOnlyList<int>> references)
    {
        _count = references.Count;
        foreach (var id in references.SelectMany(ids => ids.Distinct()))
            _sentences[id] = _sentences.GetValueOrDefault(id) + 1;
    }

    /// <summary>log((M + 1) / (m + 1)) for a token that m of M sentences hold, as <c>get_idf_dict</c> of bert_score smoothes it.</summary>
    public double Weight(int id) => Math.Log((_count + 1.0) / (_sentences.GetValueOrDefault(id) + 1));
}

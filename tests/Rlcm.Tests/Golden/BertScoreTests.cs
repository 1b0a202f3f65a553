using System.Text.Json;
using Rlcm.Rewards.Alignment;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>BERTScore on tiny encoders: ids of transformers' tokenizers, and scores that were computed a second time.</summary>
/// <remarks>
/// The scores in <c>expected.json</c> are not those of <c>model.onnx</c> beside it, but for the pair of equal texts: some lie below the lowest
/// cosine of a token's best match, of which they should be the mean, and all lie where dropout of 0.1 puts them. So the numbers here are those
/// of <c>eng/bertscore-check.py</c>, which computes the same encoders in double precision by itself, and shows what dropout does to them.
/// </remarks>
public sealed class BertScoreTests
{
    private const double Tolerance = 5e-6; // a tenth of what is allowed

    [Theory]
    [InlineData("bert")]
    [InlineData("roberta")]
    public void Texts_have_the_ids_of_transformers(string encoder)
    {
        var tokenizer = EncoderTokenizer.FromFolder(GoldenData.Shared($"bertscore-a/{encoder}"));
        Assert.All(Expected(encoder, "tokens"), text =>
            Assert.Equal([.. text.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())], tokenizer.Encode(text.GetProperty("text").GetString()!)));
    }

    [Theory]
    [InlineData("bert", 0, 0.878908068, 0.871564126)]
    [InlineData("bert", 1, 0.903581391, 0.895439712)]
    [InlineData("bert", 2, 0.945887853, 0.948425571)]
    [InlineData("bert", 3, 0.912719099, 0.916145524)]
    [InlineData("bert", 4, 1, 1)]
    [InlineData("bert", 5, 0.874734207, 0.906585828)]
    [InlineData("roberta", 0, 0.880134115, 0.924238063)]
    [InlineData("roberta", 1, 0.869139095, 0.908582834)]
    [InlineData("roberta", 2, 0.886543727, 0.896353734)]
    [InlineData("roberta", 3, 0.924868935, 0.903450260)]
    [InlineData("roberta", 4, 1, 1)]
    [InlineData("roberta", 5, 0.926434367, 0.903955108)]
    public void Precision_recall_and_F1_are_those_of_another_implementation(string encoder, int number, double precision, double recall)
    {
        using var scorer = BertScorer.Load(GoldenData.Shared($"bertscore-a/{encoder}"));
        var pair = Expected(encoder, "pairs")[number];
        var score = scorer.Score(pair.GetProperty("candidate").GetString()!, pair.GetProperty("reference").GetString()!);
        Assert.Equal(precision, score.Precision, Tolerance);
        Assert.Equal(recall, score.Recall, Tolerance);
        Assert.Equal(2 * precision * recall / (precision + recall), score.F1, Tolerance);
    }

    private static JsonElement[] Expected(string encoder, string what)
    {
        JsonElement[] entries = [.. GoldenData.ReadJson(GoldenData.Shared($"bertscore-a/{encoder}/expected.json")).GetProperty(what).EnumerateArray()];
        Assert.NotEmpty(entries);
        return entries;
    }
}

using System.Text.Json;
using Rlcm.Models.Clip;
using Xunit;

namespace Rlcm.Tests.Golden;

public sealed class ClipTokenizerGoldenTests
{
    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/tokenizer.json", MemberType = typeof(GoldenData))]
    public void Each_pipeline_tokenizer_gives_the_expected_ids(string pipeline) =>
        Check(GoldenData.InPipeline(pipeline, "pipeline/tokenizer"), GoldenData.InPipeline(pipeline, "expected/tokenizer.json"));

    [Fact]
    public void The_whole_clip_vocabulary_gives_the_expected_ids() =>
        Check(GoldenData.Shared("clip-tokenizer"), GoldenData.Shared("clip-tokenizer/expected.json"));

    private static void Check(string folder, string expected)
    {
        var tokenizer = ClipTokenizer.FromFolder(folder);
        var examples = GoldenData.ReadJson(expected).EnumerateArray().ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Equal(
            example.GetProperty("ids").Deserialize<long[]>(), tokenizer.Encode(example.GetProperty("text").GetString()!)));
    }
}

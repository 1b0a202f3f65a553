using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Models.Clip;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Golden;

public sealed class ClipTokenizerGoldenTests
{
    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "expected/tokenizer.json", MemberType = typeof(GoldenData))]
    public void Each_pipeline_tokenizer_gives_the_expected_ids(string pipeline) =>
        Check(GoldenData.InPipeline(pipeline, "pipeline/tokenizer"), GoldenData.InPipeline(pipeline, "expected/tokenizer.json"));

    [Theory, MemberData(nameof(GoldenData.PipelinesWithTensor), "expected/rollout.safetensors", "input_ids", MemberType = typeof(GoldenData))]
    public void The_prompts_of_the_rollout_give_its_ids(string pipeline)
    {
        using var scope = torch.NewDisposeScope();
        using var rollout = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/rollout.safetensors"));
        var prompts = GoldenData.ReadJson(GoldenData.InPipeline(pipeline, "expected/ppo.json")).GetProperty("prompts").Deserialize<string[]>()!;
        var ids = ClipTokenizer.FromFolder(GoldenData.InPipeline(pipeline, "pipeline/tokenizer")).Encode(prompts);
        Assert.Equal(rollout.Read("input_ids").data<long>().ToArray(), ids.data<long>().ToArray());
    }

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

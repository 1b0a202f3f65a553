using Rlcm.Inspection;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>What is said of files that peft and diffusers wrote.</summary>
public sealed class InspectionTests
{
    public static TheoryData<string> Adapters => GoldenData.PipelinesWith("expected/adapter-kohya");

    [Theory, MemberData(nameof(Adapters))]
    public void Adapters_are_told_by_their_format(string pipeline)
    {
        var layers = GoldenData.ReadJson(GoldenData.InPipeline(pipeline, "expected/adapter-peft/adapter_config.json"));
        foreach (var (path, format) in ((string, string)[])[("expected/adapter-peft", "peft"), ("expected/adapter-diffusers", "diffusers"), ("expected/adapter-kohya/adapter.safetensors", "kohya")])
        {
            var found = PathInspector.Inspect(GoldenData.InPipeline(pipeline, path));
            Assert.Equal($"adapter (LoRA) in the format of {format}", found.Title);
            Assert.Contains(new("rank", $"{layers.GetProperty("r")}"), found.Facts);
            Assert.Empty(found.Problems);
        }
    }

    [Theory, MemberData(nameof(Adapters))]
    public void The_golden_pipeline_can_be_tuned(string pipeline) =>
        Assert.Empty(PathInspector.Inspect(GoldenData.InPipeline(pipeline, "pipeline")).Problems);
}

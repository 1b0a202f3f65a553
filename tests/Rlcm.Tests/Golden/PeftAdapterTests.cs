using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Adapter folders as peft's own <c>save_pretrained</c> writes them, read and written bit for bit.</summary>
public sealed class PeftAdapterTests
{
    private const string Adapter = "expected/adapter-peft";

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Adapter, MemberType = typeof(GoldenData))]
    public void The_folder_of_peft_is_read(string pipeline)
    {
        using var scope = NewDisposeScope();
        var folder = GoldenData.InPipeline(pipeline, Adapter);
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = PeftAdapter.Load(golden.Model.Unet, folder);
        using var expected = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/lora_init.safetensors"));
        Assert.Equal((golden.Settings.GetProperty("lora_rank").GetInt32(), golden.Settings.GetProperty("lora_alpha").GetDouble()), (adapters.Rank, adapters.Alpha));
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), adapters.Parameters().Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.All(adapters.Parameters(), entry => Assert.Equal(0, (expected.Read(entry.Name) - entry.Value).abs().max().ToDouble()));
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Adapter, MemberType = typeof(GoldenData))]
    public void The_folder_written_holds_what_that_of_peft_holds(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var temporary = new TemporaryFolder();
        var original = GoldenData.InPipeline(pipeline, Adapter);
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = golden.AttachLora();
        PeftAdapter.Save(adapters, temporary.Path, "base");

        using var expected = SafetensorsFile.Open(Path.Combine(original, "adapter_model.safetensors"));
        using var actual = SafetensorsFile.Open(temporary["adapter_model.safetensors"]);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected.Keys, key => Assert.Equal(0, (expected.Read(key) - actual.Read(key)).abs().max().ToDouble()));

        var (config, ours) = (GoldenData.ReadJson(Path.Combine(original, "adapter_config.json")), GoldenData.ReadJson(temporary["adapter_config.json"]));
        foreach (var key in (string[])["peft_type", "r", "lora_alpha", "target_modules", "bias", "fan_in_fan_out", "use_dora", "use_rslora", "auto_mapping", "init_lora_weights"])
            Assert.Equal(Normalized(config.GetProperty(key)), Normalized(ours.GetProperty(key)));
    }

    private static string Normalized(System.Text.Json.JsonElement value) => System.Text.Json.JsonSerializer.Serialize(value);
}

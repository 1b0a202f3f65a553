using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Adapters as peft, diffusers and kohya write them: read, and those of peft written, value by value.</summary>
public sealed class AdapterFileTests
{
    private const string Adapter = "expected/adapter-peft";
    private const string Diffusers = "expected/adapter-diffusers";
    private const string Kohya = "expected/adapter-kohya/adapter.safetensors";

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Adapter, MemberType = typeof(GoldenData))]
    public void The_folder_of_peft_is_read(string pipeline)
    {
        using var scope = NewDisposeScope();
        var folder = GoldenData.InPipeline(pipeline, Adapter);
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = AdapterFile.Load(golden.Model.Unet, folder);
        using var expected = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/lora_init.safetensors"));
        Assert.Equal((golden.Settings.GetProperty("lora_rank").GetInt32(), golden.Settings.GetProperty("lora_alpha").GetDouble()), (adapters.Rank, adapters.Alpha));
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), adapters.Parameters().Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.All(adapters.Parameters(), entry => Assert.Equal(0, (expected.Read(entry.Name) - entry.Value).abs().max().ToDouble()));
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Diffusers, MemberType = typeof(GoldenData))]
    public void The_folder_of_diffusers_is_read(string pipeline) => CompareUpdates(pipeline, Diffusers);

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Kohya, MemberType = typeof(GoldenData))]
    public void The_file_of_kohya_is_read(string pipeline) => CompareUpdates(pipeline, Kohya);

    /// <summary>The same A, and the same s B: the scale is a factor of B in one layout and a number beside it in another.</summary>
    private static void CompareUpdates(string pipeline, string adapter)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenPipeline(pipeline);
        using var adapters = AdapterFile.Load(golden.Model.Unet, GoldenData.InPipeline(pipeline, adapter));
        using var expected = SafetensorsFile.Open(GoldenData.InPipeline(pipeline, "expected/lora_init.safetensors"));
        var scale = golden.Settings.GetProperty("lora_alpha").GetDouble() / golden.Settings.GetProperty("lora_rank").GetInt32();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), adapters.Parameters().Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.All(adapters.Items, item =>
        {
            TensorAssert.Close(expected.Read($"{item.Module}.lora_A.weight"), item.A, 0);
            TensorAssert.Close(expected.Read($"{item.Module}.lora_B.weight") * scale, item.B * item.Scale, 1e-7);
        });
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

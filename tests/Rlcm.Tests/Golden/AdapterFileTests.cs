using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>Adapters as peft, diffusers and kohya write them: read and written, value by value.</summary>
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
    public void The_folder_written_for_peft_is_that_of_peft(string pipeline)
    {
        using var temporary = new TemporaryFolder();
        var original = GoldenData.InPipeline(pipeline, Adapter);
        Save(pipeline, AdapterFormat.Peft, temporary["adapter"]);
        AssertEqualFiles(Path.Combine(original, "adapter_model.safetensors"), temporary["adapter/adapter_model.safetensors"]);

        var (config, ours) = (GoldenData.ReadJson(Path.Combine(original, "adapter_config.json")), GoldenData.ReadJson(temporary["adapter/adapter_config.json"]));
        Assert.Equal(config.EnumerateObject().Select(entry => entry.Name), ours.EnumerateObject().Select(entry => entry.Name));
        Assert.All(config.EnumerateObject(), entry => Assert.True(JsonElement.DeepEquals(entry.Value, ours.GetProperty(entry.Name)), $"{entry.Name}: {ours.GetProperty(entry.Name)}"));
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Diffusers, MemberType = typeof(GoldenData))]
    public void The_folder_written_for_diffusers_is_that_of_diffusers(string pipeline)
    {
        using var temporary = new TemporaryFolder();
        Save(pipeline, AdapterFormat.Diffusers, temporary["adapter"]);
        Assert.Equal([temporary["adapter/pytorch_lora_weights.safetensors"]], Directory.GetFiles(temporary["adapter"]));
        AssertEqualFiles(GoldenData.InPipeline(pipeline, $"{Diffusers}/pytorch_lora_weights.safetensors"), temporary["adapter/pytorch_lora_weights.safetensors"]);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Kohya, MemberType = typeof(GoldenData))]
    public void The_file_written_for_kohya_is_that_of_kohya(string pipeline)
    {
        using var temporary = new TemporaryFolder();
        Save(pipeline, AdapterFormat.Kohya, temporary["adapter.safetensors"]);
        AssertEqualFiles(GoldenData.InPipeline(pipeline, Kohya), temporary["adapter.safetensors"]);
    }

    [Theory, MemberData(nameof(GoldenData.PipelinesWith), Adapter, MemberType = typeof(GoldenData))]
    public void Every_format_and_a_merged_model_predict_the_same_noise(string pipeline)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var temporary = new TemporaryFolder();
        using var golden = new GoldenPipeline(pipeline);
        var states = golden.Rollout.Read("lora.states").select(1, 0);
        var timesteps = golden.Rollout.Read("timesteps")[0].expand(states.shape[0]);
        Tensor Output(TextToImageModel model) => model.Unet.forward(new(states, timesteps, golden.Rollout.Read("prompt_embeds"), golden.Rollout.Read("w_embedding")));

        Tensor expected;
        using (var adapters = golden.AttachLora())
        {
            expected = Output(golden.Model);
            golden.Model.Save(temporary["merged"], ScalarType.Float32, GoldenData.InPipeline(pipeline, "pipeline/tokenizer"), adapters);
        }

        Assert.NotEqual(0, (Output(golden.Model) - expected).abs().max().ToDouble());
        foreach (var (format, name) in ((AdapterFormat, string)[])[(AdapterFormat.Peft, "peft"), (AdapterFormat.Diffusers, "diffusers"), (AdapterFormat.Kohya, "kohya.safetensors")])
        {
            Save(pipeline, format, temporary[name]);
            using var adapters = AdapterFile.Load(golden.Model.Unet, temporary[name]);
            TensorAssert.Close(expected, Output(golden.Model), 1e-6);
        }

        foreach (var (dtype, tolerance) in ((ScalarType, double)[])[(ScalarType.Float16, 1e-4), (ScalarType.BFloat16, 1e-3)])
        {
            Save(pipeline, AdapterFormat.Kohya, temporary[$"{dtype}.safetensors"], dtype);
            using var adapters = AdapterFile.Load(golden.Model.Unet, temporary[$"{dtype}.safetensors"]);
            TensorAssert.Close(expected, Output(golden.Model), tolerance);
        }

        using var merged = TextToImageModel.Load(temporary["merged"]);
        TensorAssert.Close(expected, Output(merged), 1e-6);
    }

    /// <summary>Underscores for dots lose nothing: every layer of the real network that can be adapted is found again.</summary>
    [Fact]
    public void Names_of_kohya_stand_for_one_module_each()
    {
        string[] modules = [.. File.ReadLines(GoldenData.Shared("full-size/lcm-sd15-unet.keys.txt"))
            .Where(line => line.Contains(".weight [", StringComparison.Ordinal) && line.Contains(',', StringComparison.Ordinal)).Select(line => line[..line.IndexOf(".weight", StringComparison.Ordinal)])];
        Assert.Contains("time_embedding.cond_proj", modules);
        Assert.All(modules, module => Assert.Equal(module, AdapterNames.ModuleOf(AdapterNames.Kohya.Spell(module))));
    }

    private static void Save(string pipeline, AdapterFormat format, string path, ScalarType dtype = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        AdapterFile.Save(AdapterFile.Read(GoldenData.InPipeline(pipeline, Adapter)), format, path, dtype, new());
    }

    /// <summary>Equal keys, types, shapes, values and metadata.</summary>
    private static void AssertEqualFiles(string original, string ours)
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(original);
        using var actual = SafetensorsFile.Open(ours);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected.Entries, entry =>
        {
            Assert.Equal((entry.Dtype, string.Join(',', entry.Shape)), (actual[entry.Name].Dtype, string.Join(',', actual[entry.Name].Shape)));
            Assert.Equal(expected.Read(entry.Name).bytes.ToArray(), actual.Read(entry.Name).bytes.ToArray());
        });
        Assert.Equal(expected.Metadata, actual.Metadata);
    }
}

using System.Text.Json.Nodes;
using Rlcm.Inspection;
using Rlcm.Models;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Inspection;

public sealed class PathInspectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact, NoTensorLeaks]
    public void A_consistency_model_has_its_parts_and_no_problems()
    {
        var found = PathInspector.Inspect(SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new(torch.ScalarType.Float16) { Variant = "fp16", Shards = 2, OldNames = true }));
        Assert.Equal("latent consistency model in diffusers layout, with guidance embedding", found.Title);
        Assert.Empty(found.Problems);
        Assert.Equal(["unet", "vae", "text_encoder"], found.Weights.Select(part => part.Part));
        Assert.Equal("F16", found.Weights[0].Dtypes);
        Assert.Equal(["diffusion_pytorch_model.safetensors.index.fp16.json", "diffusion_pytorch_model.fp16-00001-of-00002.safetensors", "diffusion_pytorch_model.fp16-00002-of-00002.safetensors"], found.Weights[0].Files);
        using var model = TextToImageModel.Load(_folder["model"]);
        Assert.Equal(
            ((torch.nn.Module[])[model.Unet, model.Vae, model.TextEncoder]).Select(network => network.parameters().Sum(weight => weight.numel())),
            found.Weights.Select(part => part.Parameters));
        Assert.NotEmpty(found.Memory);
    }

    [Fact]
    public void A_diffusion_model_is_told_what_it_is_good_for()
    {
        var found = PathInspector.Inspect(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim));
        Assert.Empty(found.Problems);
        Assert.Contains(found.Facts, fact => fact.Name == "scheduler" && fact.Value.Contains("tuned by --algorithm ddpo", StringComparison.Ordinal));

        var path = Path.Combine(_folder["model"], "scheduler", "scheduler_config.json");
        var text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace("\"clip_sample\": false", "\"clip_sample\": true", StringComparison.Ordinal)); // which its DDIM cannot be drawn with
        Assert.Contains("clip_sample", Assert.Single(PathInspector.Inspect(_folder["model"]).Problems), StringComparison.Ordinal);

        File.WriteAllText(path, text.Replace("DDIMScheduler", "EulerDiscreteScheduler", StringComparison.Ordinal));
        Assert.Contains("give an LCM-LoRA with --lcm-lora", Assert.Single(PathInspector.Inspect(_folder["model"]).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_missing_is_listed_and_not_only_the_first()
    {
        var path = TinyModels.Write(_folder["model"]);
        File.Delete(Path.Combine(path, "vae", "diffusion_pytorch_model.safetensors"));
        File.Delete(Path.Combine(path, "tokenizer", "merges.txt"));
        var config = Path.Combine(path, "unet", "config.json");
        var unet = JsonNode.Parse(File.ReadAllText(config))!;
        unet["time_cond_proj_dim"] = null;
        File.WriteAllText(config, unet.ToJsonString());
        var found = PathInspector.Inspect(path);
        Assert.Equal(3, found.Problems.Count);
        Assert.Contains(found.Problems, problem => problem.Contains("vae holds no weights", StringComparison.Ordinal));
        Assert.Contains(found.Problems, problem => problem.Contains("merges.txt", StringComparison.Ordinal));
        Assert.Contains(found.Problems, problem => problem.Contains("1 unexpected: time_embedding.cond_proj.weight", StringComparison.Ordinal));
        Assert.Equal(["unet", "text_encoder"], found.Weights.Select(part => part.Part));
    }

    [Fact]
    public void A_part_of_a_model_and_a_file_are_weights()
    {
        var path = TinyModels.Write(_folder["model"]);
        Assert.Equal("weights", PathInspector.Inspect(Path.Combine(path, "vae")).Title);
        Assert.Equal("weights", PathInspector.Inspect(Path.Combine(path, "text_encoder")).Title);
        Assert.Equal("weights", PathInspector.Inspect(Path.Combine(path, "unet", "diffusion_pytorch_model.safetensors")).Title);
    }

    [Fact]
    public void A_whole_pipeline_in_one_file_is_told_what_to_do()
    {
        Directory.CreateDirectory(_folder["."]);
        using (var one = torch.ones(1))
            Rlcm.Checkpoints.SafetensorsWriter.Write(_folder["v1-5.safetensors"], [("model.diffusion_model.input_blocks.0.0.bias", one)]);
        Assert.Contains("from_single_file", Assert.Single(PathInspector.Inspect(_folder["v1-5.safetensors"]).Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "There is nothing at ")]
    [InlineData("file.txt", "expected weights (.safetensors, .bin, .ckpt, .pth, .pt or an index of shards), found .txt")]
    [InlineData("empty", "expected a run (config.json and metrics.jsonl), a model (model_index.json)")]
    public void What_is_nothing_of_these_is_an_error(string name, string expected)
    {
        Directory.CreateDirectory(_folder["empty"]);
        File.WriteAllText(_folder["file.txt"], "");
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => PathInspector.Inspect(_folder[name])).Message, StringComparison.Ordinal);
    }
}

using System.Text.Json.Nodes;
using Rlcm.Models;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Models;

/// <summary>What a user reads when a model folder is not what it should be.</summary>
public sealed class ModelFolderErrorTests : IDisposable
{
    private const string UnetWeights = "unet/diffusion_pytorch_model.safetensors";

    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public ModelFolderErrorTests() => _model = TinyModels.Write(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_folder_is_named() => Refused(_folder["none"], "No model at ", "none", "diffusers layout");

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("vae/config.json")]
    [InlineData("text_encoder/config.json")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("tokenizer/merges.txt")]
    [InlineData("scheduler/scheduler_config.json")]
    public void A_missing_file_is_named(string file)
    {
        File.Delete(Path.Combine(_model, file));
        Refused(_model, Path.GetFileName(file));
    }

    [Theory]
    [InlineData(UnetWeights)]
    [InlineData("vae/diffusion_pytorch_model.safetensors")]
    [InlineData("text_encoder/model.safetensors")]
    public void Missing_weights_are_named(string file)
    {
        File.Delete(Path.Combine(_model, file));
        Refused(_model, $"{Path.GetDirectoryName(file)} holds no weights: expected {Path.GetFileName(file)}");
    }

    [Fact]
    public void Weights_under_another_name_are_listed()
    {
        File.Move(Path.Combine(_model, UnetWeights), Path.Combine(_model, "unet", "model.ckpt"));
        Refused(_model, "unet holds no weights", "diffusion_pytorch_model.fp16.safetensors", "found the files: config.json, model.ckpt;");
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.01)]
    [InlineData(0)]
    public void Cut_off_weights_are_named(double share)
    {
        var path = Path.Combine(_model, UnetWeights);
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(int)(share * bytes.Length)]);
        Refused(_model, UnetWeights, "fetch it again");
    }

    [Fact]
    public void Another_pipeline_is_refused_by_name()
    {
        File.WriteAllText(Path.Combine(_model, "model_index.json"), """{"_class_name": "StableDiffusionXLPipeline"}""");
        Refused(_model, "model_index.json: pipeline StableDiffusionXLPipeline is not supported; expected LatentConsistencyModelPipeline or StableDiffusionPipeline");
    }

    [Fact]
    public void A_configuration_that_is_no_JSON_is_named()
    {
        File.WriteAllText(Path.Combine(_model, "unet", "config.json"), "<html>");
        Refused(_model, "unet/config.json: not a JSON object");
    }

    [Theory]
    [InlineData("addition_embed_type", "\"text_time\"", "addition_embed_type = \"text_time\"")] // SDXL
    [InlineData("class_embed_type", "\"projection\"", "class_embed_type = \"projection\"")]
    [InlineData("resnet_time_scale_shift", "\"scale_shift\"", "resnet_time_scale_shift = scale_shift is not supported; supported: \"default\"")]
    [InlineData("down_block_types", "[\"AttnDownBlock2D\", \"DownBlock2D\"]", "expected CrossAttnDownBlock2D or DownBlock2D, found AttnDownBlock2D")]
    [InlineData("attention_head_dim", "3", "a number of heads that divides 8 channels")]
    [InlineData("block_out_channels", "\"320\"", "expected a list of whole numbers")]
    public void An_architecture_that_is_not_implemented_is_refused_by_name(string key, string value, string expected)
    {
        Edit("unet/config.json", config => config[key] = JsonNode.Parse(value));
        Refused(_model, "unet/config.json", expected);
    }

    [Theory]
    [InlineData("prediction_type", "\"v_prediction\"")]
    [InlineData("beta_schedule", "\"linear\"")]
    public void A_schedule_that_is_not_implemented_is_refused_by_name(string key, string value)
    {
        Edit("scheduler/scheduler_config.json", config => config[key] = JsonNode.Parse(value));
        var error = Assert.ThrowsAny<UserErrorException>(() =>
        {
            using var model = TextToImageModel.Load(_model);
            model.Scheduler.CreateNoiseSchedule();
        });
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.Contains(JsonNode.Parse(value)!.GetValue<string>(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_other_shapes_are_counted_and_the_first_ten_named()
    {
        Edit("unet/config.json", config => config["block_out_channels"] = new JsonArray(8, 24));
        var message = Refused(_model, UnetWeights, "does not fit its config.json", "mis-shaped", "expected [24, 8, 3, 3], found [16, 8, 3, 3]", ", ...;");
        Assert.Equal(10, message.Split("(expected [").Length - 1);
        Assert.True(int.Parse(message.Split("config.json: ")[1].Split(' ')[0]) > 10);
    }

    [Fact]
    public void Missing_and_unexpected_weights_are_told_apart()
    {
        Edit("unet/config.json", config => config["time_cond_proj_dim"] = null);
        Refused(_model, "1 unexpected: time_embedding.cond_proj.weight");
        Edit("unet/config.json", config =>
        {
            config["time_cond_proj_dim"] = 16;
            config["layers_per_block"] = 2;
        });
        Refused(_model, "missing: down_blocks.0.");
    }

    [Theory]
    [InlineData("unet/config.json", "cross_attention_dim", 16, "expected the U-Net's cross_attention_dim to be 8, the text encoder's hidden_size, found 16")]
    [InlineData("unet/config.json", "in_channels", 9, "expected the U-Net's in_channels to be 4, the autoencoder's latent_channels, found 9")]
    [InlineData("unet/config.json", "out_channels", 8, "expected the U-Net's out_channels to be 4, the autoencoder's latent_channels, found 8")]
    [InlineData("text_encoder/config.json", "vocab_size", 100, "expected at most 100 token ids, the text encoder's vocab_size, found ")]
    [InlineData("text_encoder/config.json", "max_position_embeddings", 7, "expected texts of at most 7 tokens, the text encoder's max_position_embeddings, found 8, the tokenizer's model_max_length")]
    public void Parts_of_different_models_are_refused(string file, string key, int value, string expected)
    {
        Edit(file, config => config[key] = value);
        Refused(_model, $"{_model}: the parts do not fit together: ", expected);
    }

    [Fact]
    public void An_autoencoder_of_another_shape_is_refused()
    {
        Edit("vae/config.json", config => config["latent_channels"] = 8);
        var error = Assert.Throws<FileContentException>(() => VaeFolder.Load(Path.Combine(_model, "vae")));
        Assert.Contains("mis-shaped", error.Message, StringComparison.Ordinal);
    }

    private void Edit(string file, Action<JsonObject> change)
    {
        var path = Path.Combine(_model, file);
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    private static string Refused(string model, params string[] expected)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => TextToImageModel.Load(model));
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }
}

using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Hostile;

/// <summary>Weights that are NaN or infinite are refused where they are loaded, by file and tensor, and counted.</summary>
public sealed class FiniteWeightsTests : IDisposable
{
    private const string Module = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q";

    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public FiniteWeightsTests() => _model = TinyModels.Write(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("unet/diffusion_pytorch_model.safetensors", "conv_in.weight", float.NaN, ScalarType.Float32)]
    [InlineData("unet/diffusion_pytorch_model.safetensors", "conv_in.weight", float.PositiveInfinity, ScalarType.Float16)]
    [InlineData("vae/diffusion_pytorch_model.safetensors", "decoder.conv_out.bias", float.NegativeInfinity, ScalarType.BFloat16)]
    [InlineData("text_encoder/model.safetensors", "text_model.final_layer_norm.weight", float.NaN, ScalarType.Float64)]
    public void A_model_with_such_a_weight_is_refused(string file, string key, float value, ScalarType dtype)
    {
        var path = Path.Combine(_model, file);
        long count;
        using (NewDisposeScope())
            count = Damage(path, key, value, dtype);

        var error = Assert.Throws<FileContentException>(() => TextToImageModel.Load(_model));

        Assert.Equal((path, $"tensor '{key}'"), (error.Path, error.Position));
        Assert.StartsWith($"{path}: tensor '{key}': expected finite numbers, found 2 of {count} NaN or infinite; ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_beyond_32_bits_are_infinite_once_they_are_loaded()
    {
        using (NewDisposeScope())
        {
            var path = Path.Combine(_model, "unet/diffusion_pytorch_model.safetensors");
            using var file = SafetensorsFile.Open(path);
            var tensors = file.Keys.ToDictionary(name => name, file.Read, StringComparer.Ordinal);
            tensors["conv_in.bias"] = full(tensors["conv_in.bias"].shape, 1e300, ScalarType.Float64);
            SafetensorsWriter.Write(path, tensors.Select(entry => (entry.Key, entry.Value)));
        }

        Assert.Contains("tensor 'conv_in.bias': expected finite numbers", Assert.Throws<FileContentException>(() => TextToImageModel.Load(_model)).Message, StringComparison.Ordinal);
    }

    [Fact, NoTensorLeaks]
    public void A_sum_that_overflows_is_no_infinite_weight()
    {
        using var weights = full([4], 3e38f);
        FiniteWeights.Require(weights, "file", "key");
    }

    [Theory]
    [InlineData($"unet.{Module}.lora.down.weight", $"unet.{Module}.lora.up.weight")]
    [InlineData("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight", "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight")]
    public void An_adapter_with_such_a_weight_is_refused_before_a_weight_changes(string down, string up)
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(_model);
        var before = model.UnetSha256;
        SafetensorsWriter.Write(_folder["lora.safetensors"], [(down, ones(2, 16)), (up, tensor([.. Enumerable.Repeat(1f, 31), float.NaN]).view(16, 2))]);
        foreach (var use in (Action<string>[])[path => AdapterFile.Load(model.Unet, path), path => LoraFusion.Fuse(model.Unet, path)])
        {
            var error = Assert.Throws<FileContentException>(() => use(_folder["lora.safetensors"]));
            Assert.Equal((_folder["lora.safetensors"], true), (error.Path, error.Message.Contains("found 1 of 32 NaN or infinite", StringComparison.Ordinal)));
        }

        Assert.Equal(before, WeightsHash.Sha256(model.Unet));
    }

    [Fact]
    public void An_adapter_of_peft_with_such_a_weight_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(_model);
        using (var adapters = LoraAdapters.Create(model.Unet, ["to_q"], rank: 2, alpha: 2, seed: 1))
            PeftAdapter.Save(adapters, _folder["adapter"], new());
        var path = _folder["adapter/adapter_model.safetensors"];
        Damage(path, $"base_model.model.{Module}.lora_A.weight", float.NaN, ScalarType.Float32);
        Assert.Equal(path, Assert.Throws<FileContentException>(() => PeftAdapter.Load(model.Unet, _folder["adapter"])).Path);
    }

    /// <summary>Writes the file anew, with two values of a tensor replaced and all of it in another type; returns the number of the tensor's elements.</summary>
    private static long Damage(string path, string key, float value, ScalarType dtype)
    {
        using var file = SafetensorsFile.Open(path);
        var tensors = file.Keys.ToDictionary(name => name, file.ReadFloat, StringComparer.Ordinal);
        tensors[key].view(-1)[^2..] = tensor(value);
        SafetensorsWriter.Write(path, tensors.Select(entry => (entry.Key, entry.Value)), castTo: dtype);
        return tensors[key].numel();
    }
}

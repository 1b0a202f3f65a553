using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>What single-file adapters hold in the wild, and what is wrong with some.</summary>
public sealed class AdapterFileTests : IDisposable
{
    private const string Attention = "mid_block.attentions.0.transformer_blocks.0.attn1";
    private const string Module = $"{Attention}.to_q";
    private const string Flat = "mid_block_attentions_0_transformer_blocks_0_attn1_to_q";

    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public AdapterFileTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData($"unet.{Module}.lora.down.weight", $"unet.{Module}.lora.up.weight", 1)]
    [InlineData($"unet.{Module}.lora_A.weight", $"unet.{Module}.lora_B.weight", 1)]
    [InlineData($"unet.{Attention}.processor.to_q_lora.down.weight", $"unet.{Attention}.processor.to_q_lora.up.weight", 1)]
    [InlineData($"{Attention}.processor.to_q_lora.down.weight", $"{Attention}.processor.to_q_lora.up.weight", 1)]
    [InlineData($"lora_unet_{Flat}.lora_down.weight", $"lora_unet_{Flat}.lora_up.weight", 1)]
    [InlineData($"lora_unet_{Flat}.lora_down.weight", $"lora_unet_{Flat}.lora_up.weight", 1.5, $"lora_unet_{Flat}.alpha")]
    public void Names_and_scales_of_all_layouts_are_understood(string down, string up, double scale, string? alpha = null)
    {
        using var scope = NewDisposeScope();
        var (a, b) = Pair();
        var weights = new List<(string, Tensor)> { (down, a), (up, b) };
        if (alpha is not null)
            weights.Add((alpha, tensor(3f)));
        SafetensorsWriter.Write(_folder["adapter.safetensors"], weights, Metadata);

        using var adapters = AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"]);
        var item = Assert.Single(adapters.Items);
        Assert.Equal((Module, scale), (item.Module, item.Scale));
        Assert.Equal(a.bytes.ToArray(), item.A.bytes.ToArray());
        Assert.Equal(b.bytes.ToArray(), item.B.bytes.ToArray());
    }

    [Fact]
    public void The_last_projection_of_an_old_attention_processor_is_found()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["adapter.safetensors"], [($"unet.{Attention}.processor.to_out_lora.down.weight", Pair().A), ($"unet.{Attention}.processor.to_out_lora.up.weight", Pair().B)]);
        Assert.Equal([$"{Attention}.to_out.0"], AdapterFile.Read(_folder["adapter.safetensors"]).Layers.Keys);
    }

    [Theory]
    [InlineData("a.b", "no adapter of a U-Net: expected keys such as unet.MODULE.lora.down.weight (diffusers) or lora_unet_MODULE.lora_down.weight (kohya), found a.b")]
    [InlineData($"unet.{Module}.lora.down.weight", $"holds no tensor 'unet.{Module}.lora.up.weight'")]
    [InlineData($"unet.{Module}.lora.down.weight unet.other.lora.up.weight", "unexpected key unet.other.lora.up.weight")]
    [InlineData($"unet.{Module}.lora.down.weight text_encoder.x.lora.down.weight", "unexpected key text_encoder.x.lora.down.weight; expected only keys such as unet.MODULE.lora.down.weight, adapters of the U-Net")]
    [InlineData("base_model.model.x.lora_A.weight", "is the weights of a peft folder, whose adapter_config.json says how to scale them; give the folder")]
    [InlineData($"unet.{Module}.lora.down.weight unet.{Module}.lora.up.weight unet.{Flat}.lora.down.weight unet.{Flat}.lora.up.weight", "is adapted twice, under two spellings")]
    [InlineData($"unet.{Module}.lora.down.weight unet.{Module}.lora.up.weight {Attention}.processor.to_q_lora.down.weight {Attention}.processor.to_q_lora.up.weight", $"holds unet.{Module}.lora.down.weight twice")]
    [InlineData("unet.nowhere.lora.down.weight unet.nowhere.lora.up.weight", "adapts layer nowhere, which the model does not have")]
    public void A_file_that_cannot_be_used_is_refused_by_name(string keys, string expected)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["adapter.safetensors"], keys.Split(' ').Select(key => (key, Pair().A)), Metadata);
        var error = Assert.Throws<FileContentException>(() => AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".lora_down.weight", 0, "expected down weights [rank, in] or [rank, in, k, k], found []")]
    [InlineData(".alpha", 2, ".alpha: expected one finite number")]
    [InlineData(".alpha", 0, ".alpha: expected one finite number")]
    public void A_tensor_that_is_damaged_is_refused_by_name(string ending, int length, string expected)
    {
        using var scope = NewDisposeScope();
        var damaged = length == 0 ? tensor(ending == ".alpha" ? float.NaN : 1) : ones(length);
        var (a, b) = Pair();
        var weights = new Dictionary<string, Tensor> { [".lora_down.weight"] = a, [".lora_up.weight"] = b, [ending] = damaged };
        SafetensorsWriter.Write(_folder["adapter.safetensors"], weights.Select(entry => ($"lora_unet_{Flat}{entry.Key}", entry.Value)), Metadata);
        var error = Assert.Throws<FileContentException>(() => AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 2, "unet.use_dora": false, "unet.alpha_pattern": {}}""", null)]
    [InlineData("""{"text_encoder.lora_alpha": 16}""", null)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 16}""", "lora_adapter_metadata: lora_alpha = 16 with r = 2 is not supported here")]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 2, "unet.use_rslora": true}""", "lora_adapter_metadata: use_rslora = true is not supported here")]
    [InlineData("[", "lora_adapter_metadata is no JSON object")]
    public void Settings_beside_the_weights_that_would_scale_them_are_refused_by_name(string settings, string? expected)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            _folder["adapter.safetensors"], [($"unet.{Module}.lora_A.weight", Pair().A), ($"unet.{Module}.lora_B.weight", Pair().B)],
            new Dictionary<string, string> { ["lora_adapter_metadata"] = settings });
        if (expected is null)
            AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"]).Dispose();
        else
            Assert.Contains(expected, Assert.Throws<FileContentException>(() => AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_of_different_alpha_are_refused()
    {
        using var scope = NewDisposeScope();
        var other = Flat.Replace("to_q", "to_k", StringComparison.Ordinal);
        var weights = new[] { (Flat, 3f), (other, 4f) }.SelectMany(entry => new (string, Tensor)[]
        {
            ($"lora_unet_{entry.Item1}.lora_down.weight", Pair().A), ($"lora_unet_{entry.Item1}.lora_up.weight", Pair().B), ($"lora_unet_{entry.Item1}.alpha", tensor(entry.Item2)),
        });
        SafetensorsWriter.Write(_folder["adapter.safetensors"], weights, Metadata);
        var error = Assert.Throws<FileContentException>(() => AdapterFile.Load(_model.Unet, _folder["adapter.safetensors"]));
        Assert.Contains("expected one alpha for all layers, found 3, 4", error.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Metadata => [];

    /// <summary>A [2, in] and B [out, 2] of that layer.</summary>
    private (Tensor A, Tensor B) Pair()
    {
        var shape = _model.Unet.state_dict()[$"{Module}.weight"].shape;
        return (AddressedRandom.NormalTensor(new(1, RandomPurpose.LoraInit), 2, shape[1]), AddressedRandom.NormalTensor(new(2, RandomPurpose.LoraInit), shape[0], 2));
    }
}

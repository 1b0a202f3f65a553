using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Policy;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>Adapters of many layers, each with a rank and an alpha of its own, fused into a model.</summary>
public sealed class LcmLoraTests : IDisposable
{
    private const string Attention = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    private const string Projection = "down_blocks.0.attentions.0.proj_in";
    private const string Convolution = "down_blocks.0.resnets.0.conv1";
    private const string Downsampler = "down_blocks.0.downsamplers.0.conv";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public LcmLoraTests() => Directory.CreateDirectory(_folder["."]);

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_layer_becomes_W_plus_alpha_over_rank_times_B_A(bool kohya)
    {
        using var unet = Unet();
        var before = Weights(unet);
        var updates = WriteFile(_folder["lora.safetensors"], kohya);
        LoraFusion.Fuse(unet, _folder["lora.safetensors"]);
        var after = Weights(unet);
        Assert.All(before.Keys, key =>
        {
            var expected = before[key];
            if (updates.TryGetValue(key.Replace(".weight", "", StringComparison.Ordinal), out var update) && key.EndsWith(".weight", StringComparison.Ordinal))
                expected = expected + (update.B.flatten(1).matmul(update.A.flatten(1)) * (kohya ? update.Alpha / update.A.shape[0] : 1)).view(expected.shape);
            Assert.InRange((expected - after[key]).abs().max().ToDouble(), 0, 1e-6);
        });
        Assert.Equal(updates.Count, before.Keys.Count(key => (before[key] - after[key]).abs().max().ToDouble() > 1e-3));
    }

    [Fact, NoTensorLeaks]
    public void Fusing_is_undone_to_the_last_bit()
    {
        using var scope = NewDisposeScope();
        using var unet = Unet();
        var before = Weights(unet);
        WriteFile(_folder["lora.safetensors"], kohya: true);
        using (LoraFusion.FuseReversibly(unet, _folder["lora.safetensors"]))
            Assert.NotEqual(0, (before[$"{Attention}.weight"] - Weights(unet)[$"{Attention}.weight"]).abs().max().ToDouble());
        Assert.All(Weights(unet), weight => Assert.Equal(0, (before[weight.Key] - weight.Value).abs().max().ToDouble()));
    }

    [Fact]
    public void A_diffusion_model_becomes_a_consistency_model_without_guidance()
    {
        var path = TinyModels.Write(_folder["model"], SchedulerConfig.Ddim);
        WriteFile(_folder["lora.safetensors"], kohya: true);
        using var model = TextToImageModel.Load(path, _folder["lora.safetensors"]);
        using var plain = TextToImageModel.Load(path);
        Assert.Equal((SchedulerConfig.Lcm, SchedulerConfig.Ddim), (model.Scheduler.ClassName, plain.Scheduler.ClassName));
        Assert.Equal(new(1, 4), model.Generation);
        Assert.NotEqual(0, (model.Unet.state_dict()[$"{Attention}.weight"] - plain.Unet.state_dict()[$"{Attention}.weight"]).abs().max().ToDouble());
        var policy = new LcmPolicy(model, new(4, 1));
        Assert.False(policy.Evaluate(zeros(1, 4, 4, 4), 0, policy.Encode(["a flat cat"])).Mean.isnan().any().item<bool>());
        Assert.Contains("the scale must be 1, found 8", Assert.Throws<UserErrorException>(() => new LcmPolicy(model, new(4, 8))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_consistency_model_needs_none()
    {
        WriteFile(_folder["lora.safetensors"], kohya: true);
        var error = Assert.Throws<UserErrorException>(() => TextToImageModel.Load(TinyModels.Write(_folder["model"]), _folder["lora.safetensors"]));
        Assert.Contains("consistency model already: leave --lcm-lora out", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Neither_does_one_without_guidance()
    {
        WriteFile(_folder["lora.safetensors"], kohya: true);
        var shape = SyntheticShape.Tiny with { Unet = TinyModels.Unet(guided: false) };
        var path = SyntheticModel.Write(_folder["model"], shape, new(), SchedulerConfig.Lcm);
        var error = Assert.Throws<UserErrorException>(() => TextToImageModel.Load(path, _folder["lora.safetensors"]));
        Assert.Contains("this model has that scheduler and is a consistency model already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_diffusers_will_do_and_one_without_the_file_is_refused()
    {
        using var unet = Unet();
        Directory.CreateDirectory(_folder["lora"]);
        Assert.Contains("expected a file of diffusers or kohya, or a folder with pytorch_lora_weights.safetensors", Assert.Throws<UserErrorException>(() => LoraFusion.Fuse(unet, _folder["lora"])).Message, StringComparison.Ordinal);
        WriteFile(_folder["lora/pytorch_lora_weights.safetensors"], kohya: false);
        var before = Weights(unet);
        LoraFusion.Fuse(unet, _folder["lora"]);
        Assert.NotEqual(0, (before[$"{Attention}.weight"] - Weights(unet)[$"{Attention}.weight"]).abs().max().ToDouble());
    }

    [Theory]
    [InlineData("down_blocks.7.to_q", "adapts layer down_blocks_7_to_q, which the model does not have")]
    [InlineData("up_blocks.0.resnets.0.conv1", "layer up_blocks_0_resnets_0_conv1: a weight [16, 32, 3, 3] needs A [r, 32, 3, 3] and B [16, r], found [3, 8, 3, 3] and [8, 3, 1, 1]")]
    public void A_file_for_another_model_is_refused_before_a_weight_changes(string module, string expected)
    {
        using var unet = Unet();
        var before = Weights(unet);
        var tensors = Tensors(kohya: true).ToList();
        var prefix = $"lora_unet_{module.Replace('.', '_')}";
        tensors.AddRange([($"{prefix}.lora_down.weight", Normal(1, 3, 8, 3, 3)), ($"{prefix}.lora_up.weight", Normal(2, 8, 3, 1, 1))]);
        SafetensorsWriter.Write(_folder["lora.safetensors"], tensors);
        Assert.Contains(expected, Assert.Throws<FileContentException>(() => LoraFusion.Fuse(unet, _folder["lora.safetensors"])).Message, StringComparison.Ordinal);
        Assert.All(Weights(unet), weight => Assert.Equal(0, (before[weight.Key] - weight.Value).abs().max().ToDouble()));
    }

    [Fact]
    public void An_alpha_that_is_no_number_is_named()
    {
        using var unet = Unet();
        var key = $"lora_unet_{Attention.Replace('.', '_')}.alpha";
        SafetensorsWriter.Write(_folder["lora.safetensors"], Tensors(kohya: true).Select(entry => entry.Key == key ? (key, tensor(float.NaN)) : entry));
        Assert.Contains($"{key}: expected one finite number", Assert.Throws<FileContentException>(() => LoraFusion.Fuse(unet, _folder["lora.safetensors"])).Message, StringComparison.Ordinal);
    }

    private static UNet2DConditionModel Unet()
    {
        var unet = new UNet2DConditionModel(TinyModels.Unet(guided: false));
        WeightInitializer.Initialize(unet, seed: 1);
        return unet;
    }

    private static Dictionary<string, Tensor> Weights(nn.Module unet) => unet.state_dict().ToDictionary(weight => weight.Key, weight => weight.Value.detach().clone());

    private static Dictionary<string, (Tensor A, Tensor B, float Alpha)> WriteFile(string path, bool kohya)
    {
        SafetensorsWriter.Write(path, Tensors(kohya));
        return Updates();
    }

    private static IEnumerable<(string Key, Tensor Value)> Tensors(bool kohya) => Updates().SelectMany(update => (IEnumerable<(string, Tensor)>)(kohya
        ? [($"lora_unet_{update.Key.Replace('.', '_')}.lora_down.weight", update.Value.A), ($"lora_unet_{update.Key.Replace('.', '_')}.lora_up.weight", update.Value.B), ($"lora_unet_{update.Key.Replace('.', '_')}.alpha", tensor(update.Value.Alpha))]
        : [($"unet.{update.Key}.lora.down.weight", update.Value.A), ($"unet.{update.Key}.lora.up.weight", update.Value.B)]));

    /// <summary>Ranks 1 to 3; the 1x1 projection has matrices, as some programs write them.</summary>
    private static Dictionary<string, (Tensor A, Tensor B, float Alpha)> Updates() => new(StringComparer.Ordinal)
    {
        [Attention] = (Normal(1, 2, 8), Normal(2, 8, 2), 4),
        [Projection] = (Normal(3, 1, 8), Normal(4, 8, 1), 0.5f),
        [Convolution] = (Normal(5, 3, 8, 3, 3), Normal(6, 8, 3, 1, 1), 3),
        [Downsampler] = (Normal(7, 2, 8, 3, 3), Normal(8, 8, 2, 1, 1), 1),
    };

    private static Tensor Normal(long item, params long[] shape) => AddressedRandom.NormalTensor(new(3, RandomPurpose.DataNoise, Item: item), shape);
}

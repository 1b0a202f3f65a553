using System.Security.Cryptography;
using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class LoraAdaptersTests : IDisposable
{
    private static readonly string[] Targets = ["to_q", "to_k", "to_v", "to_out.0"];
    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public LoraAdaptersTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void New_adapters_change_nothing()
    {
        using var scope = NewDisposeScope();
        var before = Output();
        using var adapters = LoraAdapters.Create(_model.Unet, Targets, rank: 4, alpha: 8, seed: 1);
        Assert.Equal(0, (Output() - before).abs().max().ToDouble());
    }

    [Fact]
    public void A_has_standard_deviation_one_over_rank_and_depends_on_the_seed()
    {
        using var first = LoraAdapters.Create(_model.Unet, Targets, rank: 4, alpha: 8, seed: 1);
        var values = cat([.. first.Items.Select(item => item.A.detach().flatten())]);
        Assert.Equal(0.25, values.std().ToDouble(), 0.02);
        using var second = LoraAdapters.Create(_model.Unet, Targets, rank: 4, alpha: 8, seed: 2);
        Assert.NotEqual(first.Items[0].A.sum().ToDouble(), second.Items[0].A.sum().ToDouble());
    }

    [Fact]
    public void Every_attention_projection_is_adapted_and_nothing_else()
    {
        using var adapters = LoraAdapters.Create(_model.Unet, Targets, rank: 2, alpha: 2, seed: 1);
        var keys = _model.Unet.state_dict().Keys.Where(key => key.Contains(".attn", StringComparison.Ordinal) && key.EndsWith("weight", StringComparison.Ordinal));
        Assert.Equal(keys.Select(key => key[..^".weight".Length]).Order(StringComparer.Ordinal), adapters.Items.Select(item => item.Module).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("conv1")] // 3x3
    [InlineData("conv_shortcut")] // 1x1
    [InlineData("conv")] // up- and downsampling
    [InlineData("time_emb_proj")]
    [InlineData("proj_in")]
    public void Any_layer_can_be_adapted_and_comes_back_from_its_folder(string target)
    {
        using var scope = NewDisposeScope();
        var without = Output();
        Tensor expected;
        using (var adapters = Perturbed(seed: 1, target))
        {
            expected = Output();
            Assert.True((expected - without).abs().max().ToDouble() > 1e-3, "the adapter changes nothing");
            using (adapters.Merge())
                Assert.InRange((Output() - expected).abs().max().ToDouble(), 0, 1e-5);
            PeftAdapter.Save(adapters, _folder[target], new());
        }

        using var loaded = PeftAdapter.Load(_model.Unet, _folder[target]);
        Assert.Equal(0, (Output() - expected).abs().max().ToDouble());
    }

    /// <summary>What peft computes: two convolutions in a row, k x k to r channels and 1x1 from there, beside the base's own.</summary>
    [Fact]
    public void An_adapted_convolution_is_its_base_plus_two_convolutions_in_a_row()
    {
        using var scope = NewDisposeScope();
        Tensor Normal(int item, params long[] shape) => AddressedRandom.NormalTensor(new(3, RandomPurpose.WeightInit, Item: item), shape);
        var layer = new LoraConv2d(inChannels: 5, outChannels: 7, kernel: 3, stride: 2, padding: 1);
        var weights = layer.state_dict();
        using (no_grad())
        {
            weights["weight"].copy_(Normal(0, 7, 5, 3, 3));
            weights["bias"].copy_(Normal(1, 7));
        }

        var (a, b, x) = (Normal(2, 2, 5, 3, 3), Normal(3, 7, 2, 1, 1), Normal(4, 2, 5, 6, 4));
        using var root = nn.Sequential(("layer", layer));
        using var adapters = LoraAdapters.Attach(root, new Dictionary<string, (Tensor, Tensor)> { ["layer"] = (a, b) }, rank: 2, alpha: 3, "FILE");
        var down = nn.functional.conv2d(x, a, strides: [2, 2], padding: [1, 1]);
        var expected = nn.functional.conv2d(x, weights["weight"], weights["bias"], [2, 2], [1, 1]) + 1.5 * nn.functional.conv2d(down, b);
        Assert.InRange((layer.forward(x) - expected).abs().max().ToDouble(), 0, 1e-4);
    }

    [Fact]
    public void Merged_weights_compute_what_the_products_compute()
    {
        using var scope = NewDisposeScope();
        using var adapters = Perturbed(seed: 1);
        var products = Output();
        using (adapters.Merge())
            Assert.InRange((Output() - products).abs().max().ToDouble(), 0, 1e-5);
        Assert.Equal(0, (Output() - products).abs().max().ToDouble());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_base_can_be_used_for_a_while(bool merged)
    {
        using var scope = NewDisposeScope();
        var baseOutput = Output();
        using var adapters = Perturbed(seed: 1);
        using var merge = merged ? adapters.Merge() : null;
        var adapted = Output();
        using (adapters.UseBase())
            Assert.Equal(0, (Output() - baseOutput).abs().max().ToDouble());
        Assert.Equal(0, (Output() - adapted).abs().max().ToDouble());
        Assert.NotEqual(0, (adapted - baseOutput).abs().max().ToDouble());
    }

    [Fact]
    public void A_hundred_merges_leave_the_base_as_it_was()
    {
        var before = BaseHash();
        using var adapters = Perturbed(seed: 1);
        for (var i = 0; i < 100; i++)
            adapters.Merge().Dispose();
        Assert.Equal(before, BaseHash());
    }

    [Fact]
    public void The_peft_folder_restores_the_adapter()
    {
        using var scope = NewDisposeScope();
        Tensor expected;
        using (var adapters = Perturbed(seed: 1))
        {
            expected = Output();
            PeftAdapter.Save(adapters, _folder["adapter"], new());
        }

        using var loaded = PeftAdapter.Load(_model.Unet, _folder["adapter"]);
        Assert.Equal(0, (Output() - expected).abs().max().ToDouble());
        Assert.Equal((4, 8.0), (loaded.Rank, loaded.Alpha));
    }

    [Theory]
    [InlineData("lora_A", "lora_B.weight has no lora_A.weight beside it; the file is damaged")]
    [InlineData("lora_B", "lora_B.weight'")]
    public void A_layer_with_half_of_its_adapter_is_named(string lost, string expected)
    {
        using var scope = NewDisposeScope();
        using (var adapters = Perturbed(seed: 1))
            PeftAdapter.Save(adapters, _folder["adapter"], new());
        var path = Path.Combine(_folder["adapter"], "adapter_model.safetensors");
        (string, Tensor)[] weights;
        using (var file = SafetensorsFile.Open(path))
            weights = [.. file.Keys.Where(key => key != file.Keys.First(first => first.Contains(lost, StringComparison.Ordinal))).Select(key => (key, file.Read(key)))];
        SafetensorsWriter.Write(path, weights);
        Assert.Contains(expected, Assert.Throws<FileContentException>(() => PeftAdapter.Load(_model.Unet, _folder["adapter"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_of_another_base_model_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, (Tensor, Tensor)> { ["mid_block.nowhere.to_q"] = (zeros(2, 8), zeros(8, 2)) };
        var error = Assert.Throws<FileContentException>(() => LoraAdapters.Attach(_model.Unet, weights, 2, 2, "FILE"));
        Assert.Contains("FILE: adapts layer mid_block.nowhere.to_q, which the model does not have", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_adapter_folder_is_named()
    {
        var error = Assert.Throws<UserErrorException>(() => PeftAdapter.Load(_model.Unet, _folder["none"]));
        Assert.Contains("No adapter at", error.Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["run/adapter"]);
        error = Assert.Throws<UserErrorException>(() => PeftAdapter.Load(_model.Unet, _folder["run"]));
        Assert.EndsWith($"did you mean {_folder["run/adapter"]}?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"use_rslora\": false", "\"use_rslora\": true", "use_rslora = true")]
    [InlineData("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"to_q\": 4}", "alpha_pattern = {\"to_q\": 4}")]
    [InlineData("\"peft_type\": \"LORA\"", "\"peft_type\": \"LOHA\"", "peft_type = LOHA is not supported; supported: \"LORA\"")]
    public void Options_that_would_change_the_result_are_refused_by_name(string entry, string replacement, string expected)
    {
        using (var adapters = Perturbed(seed: 1))
            PeftAdapter.Save(adapters, _folder["adapter"], new());
        var config = Path.Combine(_folder["adapter"], "adapter_config.json");
        var text = File.ReadAllText(config);
        Assert.Contains(entry, text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(entry, replacement, StringComparison.Ordinal));
        var error = Assert.Throws<FileContentException>(() => PeftAdapter.Load(_model.Unet, _folder["adapter"]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private LoraAdapters Perturbed(ulong seed, params string[] targets)
    {
        var adapters = LoraAdapters.Create(_model.Unet, targets.Length > 0 ? targets : Targets, rank: 4, alpha: 8, seed);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (item, index) in adapters.Items.Select((item, index) => (item, index)))
            item.B.copy_(AddressedRandom.NormalTensor(new(seed, RandomPurpose.LoraInit, Update: 1, Item: index), item.B.shape) * 0.1);
        return adapters;
    }

    private Tensor Output()
    {
        using var noGrad = no_grad();
        var noise = AddressedRandom.NormalTensor(new(5, RandomPurpose.InitialNoise), 2, 4, 4, 4);
        return _model.Unet.forward(new(noise, full(2, 499L, ScalarType.Int64), _model.EncodePrompts(["a flat cat", "a 3d dog"]), ones(2, 16)));
    }

    private string BaseHash() => Convert.ToHexString(SHA256.HashData(
        _model.Unet.state_dict().OrderBy(weight => weight.Key, StringComparer.Ordinal).SelectMany(weight => weight.Value.bytes.ToArray()).ToArray()));
}

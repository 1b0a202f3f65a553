using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>Adapters of linear layers and of convolutions, written in every format and read again.</summary>
public sealed class AdapterExportTests : IDisposable
{
    private static readonly string[] Targets = ["to_q", "to_v", "to_out.0", "proj_in", "conv1", "conv_shortcut", "conv", "time_emb_proj", "proj", "conv_in", "linear_1", "cond_proj"];

    private static readonly AdapterProvenance Provenance = new()
    {
        BaseModel = "models/emoji-lcm/",
        LcmLora = "lcm.safetensors",
        BaseUnetSha256 = "0123456789abcdef",
        Task = "compression",
        Reward = -1.486,
        RewardUnit = "kB",
        RewardParts = "1 x compression (kB)",
        Updates = 160,
        Seed = ulong.MaxValue,
        Version = "0.1.0",
    };

    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public AdapterExportTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public static TheoryData<AdapterFormat> Formats => [.. Enum.GetValues<AdapterFormat>()];

    public static TheoryData<AdapterFormat, ScalarType, double> HalfFormats => [.. Enum.GetValues<AdapterFormat>().SelectMany(format =>
        ((AdapterFormat, ScalarType, double)[])[(format, ScalarType.Float16, 1e-3), (format, ScalarType.BFloat16, 1e-2)])];

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory, MemberData(nameof(Formats)), NoTensorLeaks]
    public void An_adapter_that_was_written_predicts_the_same_noise(AdapterFormat format)
    {
        using var scope = NewDisposeScope();
        var (expected, path) = Written(format, ScalarType.Float32);
        using var adapters = AdapterFile.Load(_model.Unet, path);
        Assert.InRange(Distance(expected, Output(_model)), 0, 1e-6);
        Assert.Equal(3, adapters.Rank);
    }

    /// <summary>Half precision rounds every weight of the adapter, to 11 or 8 binary digits, and with them what it predicts.</summary>
    [Theory, MemberData(nameof(HalfFormats))]
    public void Half_precision_costs_what_its_digits_say(AdapterFormat format, ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        var (expected, path) = Written(format, dtype);
        using (var file = SafetensorsFile.Open(AdapterFile.WeightsPath(path)))
            Assert.All(file.Entries, entry => Assert.Equal(dtype, entry.Dtype));
        using var adapters = AdapterFile.Load(_model.Unet, path);
        Assert.InRange(Distance(expected, Output(_model)), tolerance / 100, tolerance);
    }

    [Fact, NoTensorLeaks]
    public void A_merged_model_needs_no_adapter()
    {
        using var scope = NewDisposeScope();
        var hash = WeightsHash.Sha256(_model.Unet);
        Tensor expected;
        using (var adapters = Perturbed())
        {
            expected = Output(_model);
            _model.Save(_folder["merged"], ScalarType.Float32, _folder["model/tokenizer"], adapters);
            Assert.Equal(0, Distance(expected, Output(_model)));
        }

        Assert.Equal(hash, WeightsHash.Sha256(_model.Unet));
        using var merged = TextToImageModel.Load(_folder["merged"]);
        Assert.InRange(Distance(expected, Output(merged)), 0, 1e-6);
        string[] Files(string folder) => [.. Directory.GetFiles(_folder[folder], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder[folder], file)).Order(StringComparer.Ordinal)];
        Assert.Equal(Files("model"), Files("merged"));
        Assert.All(Files("model").Where(file => file != "unet/diffusion_pytorch_model.safetensors"), file =>
            Assert.Equal(File.ReadAllBytes(_folder[$"model/{file}"]), File.ReadAllBytes(_folder[$"merged/{file}"])));
    }

    [Fact]
    public void A_merged_model_is_rounded_once()
    {
        using var scope = NewDisposeScope();
        using var adapters = Perturbed();
        _model.Save(_folder["merged"], ScalarType.Float16, _folder["model/tokenizer"], adapters);
        using var file = SafetensorsFile.Open(_folder["merged/unet/diffusion_pytorch_model.safetensors"]);
        var item = adapters.Items[0];
        var sum = _model.Unet.state_dict()[$"{item.Module}.weight"].flatten(1) + item.Scale * item.B.flatten(1).mm(item.A.flatten(1));
        var stored = file.Read($"{item.Module}.weight");
        Assert.Equal(ScalarType.Float16, stored.dtype);
        Assert.InRange(Distance(sum, stored.to(ScalarType.Float32).flatten(1)), 0, 1.01 * Math.Pow(2, -11) * sum.abs().max().ToDouble()); // half a unit in the last place
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_weight_that_half_precision_cannot_hold_is_named_and_nothing_is_written(AdapterFormat format)
    {
        using var scope = NewDisposeScope();
        var layers = new Dictionary<string, (Tensor, Tensor)> { ["mid_block.attentions.0.proj_in"] = (ones(2, 4), full(4, 2, 1e5f)) };
        var error = Assert.Throws<UserErrorException>(() => AdapterFile.Save(new(layers, 2, 2), format, _folder["adapter"], ScalarType.Float16, new()));
        Assert.Matches(@"^Tensor '.*mid_block.attentions.0.proj_in.*' holds values up to 1e\+05, expected at most 65504, the largest that F16 can store; choose bf16 or fp32\.$", error.Message);
        Assert.Equal([_folder["model"]], Directory.GetFileSystemEntries(_folder.Path));
        AdapterFile.Save(new(layers, 2, 2), format, _folder["adapter"], ScalarType.BFloat16, new());
    }

    [Theory, MemberData(nameof(Formats))]
    public void What_is_known_of_an_adapter_goes_with_it(AdapterFormat format)
    {
        using var scope = NewDisposeScope();
        using var adapters = Perturbed();
        AdapterFile.Save(AdapterWeights.Of(adapters), format, _folder["adapter"], ScalarType.Float32, Provenance);
        Assert.Equal(Provenance, AdapterProvenance.Read(_folder["adapter"]));
        AdapterFile.Save(AdapterWeights.Of(adapters), format, _folder["plain"], ScalarType.Float32, new());
        Assert.Equal(new AdapterProvenance(), AdapterProvenance.Read(_folder["plain"]));
    }

    [Fact]
    public void Tools_find_their_own_entries_in_kohyas_file()
    {
        using var scope = NewDisposeScope();
        AdapterFile.Save(Attending(320, 768), AdapterFormat.Kohya, _folder["a.safetensors"], ScalarType.Float32, Provenance);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["modelspec.architecture"] = "stable-diffusion-v1/lora",
                ["modelspec.implementation"] = "diffusers",
                ["modelspec.prediction_type"] = "epsilon",
                ["modelspec.title"] = "emoji-lcm, compression",
                ["rlcm.base_model"] = "models/emoji-lcm/",
                ["rlcm.base_unet_sha256"] = "0123456789abcdef",
                ["rlcm.lcm_lora"] = "lcm.safetensors",
                ["rlcm.reward"] = "-1.486",
                ["rlcm.reward_parts"] = "1 x compression (kB)",
                ["rlcm.reward_unit"] = "kB",
                ["rlcm.seed"] = "18446744073709551615",
                ["rlcm.task"] = "compression",
                ["rlcm.updates"] = "160",
                ["rlcm.version"] = "0.1.0",
                ["ss_base_model_version"] = "sd_v1",
                ["ss_network_alpha"] = "1.5",
                ["ss_network_dim"] = "2",
                ["ss_network_module"] = "networks.lora",
                ["ss_sd_model_name"] = "emoji-lcm",
                ["ss_seed"] = "18446744073709551615",
            },
            file.Metadata);
        Assert.Equal([], file["lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.alpha"].Shape);
    }

    [Theory]
    [InlineData(320, 1024)] // Stable Diffusion 2
    [InlineData(64, 768)]
    public void A_network_of_another_width_is_not_called_Stable_Diffusion_1(int width, int textWidth)
    {
        using var scope = NewDisposeScope();
        AdapterFile.Save(Attending(width, textWidth), AdapterFormat.Kohya, _folder["a.safetensors"], ScalarType.Float32, Provenance);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.DoesNotContain("ss_base_model_version", file.Metadata.Keys);
        Assert.DoesNotContain("modelspec.architecture", file.Metadata.Keys);
    }

    private static AdapterWeights Attending(int width, int textWidth) => new(
        new Dictionary<string, (Tensor, Tensor)> { ["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"] = (ones(2, textWidth), ones(width, 2)) }, 2, 1.5);

    private (Tensor Expected, string Path) Written(AdapterFormat format, ScalarType dtype)
    {
        using var adapters = Perturbed();
        var path = _folder[format == AdapterFormat.Kohya ? "adapter.safetensors" : "adapter"];
        AdapterFile.Save(AdapterWeights.Of(adapters), format, path, dtype, new());
        return (Output(_model), path);
    }

    /// <summary>Every kind of layer, all names of several words among them; alpha / r is no power of two.</summary>
    private LoraAdapters Perturbed()
    {
        var adapters = LoraAdapters.Create(_model.Unet, Targets, rank: 3, alpha: 4, seed: 1);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (item, index) in adapters.Items.Select((item, index) => (item, index)))
            item.B.copy_(AddressedRandom.NormalTensor(new(1, RandomPurpose.LoraInit, Update: 1, Item: index), item.B.shape) * 0.1);
        return adapters;
    }

    private static Tensor Output(TextToImageModel model)
    {
        using var noGrad = no_grad();
        var noise = AddressedRandom.NormalTensor(new(5, RandomPurpose.InitialNoise), 2, 4, 4, 4);
        return model.Unet.forward(new(noise, full(2, 499L, ScalarType.Int64), model.EncodePrompts(["a flat cat", "a 3d dog"]), ones(2, 16)));
    }

    private static double Distance(Tensor a, Tensor b) => (a - b).abs().max().ToDouble();
}

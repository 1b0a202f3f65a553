using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Synthetic;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class AdapterProvenanceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_adapter_on_another_model_than_its_own_is_found_with_both_names()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var own = new AdapterProvenance { BaseModel = "mine", BaseUnetSha256 = WeightsHash.Sha256(model.Unet) };
        Assert.Null(own.Mismatch("FILE", "a copy elsewhere", model));
        var other = own with { BaseUnetSha256 = new string('a', 64) };
        Assert.Equal(
            $"FILE was made for mine (U-Net aaaaaaaaaaaa), found other with another U-Net ({own.BaseUnetSha256![..12]}): its pictures will be other than those it was tuned for.",
            other.Mismatch("FILE", "other", model));
        Assert.Contains("made for a model that it does not name (U-Net", (other with { BaseModel = null }).Mismatch("FILE", "other", model), StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_model_is_the_same_in_half_precision_on_a_device()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var hash = WeightsHash.Sha256(model.Unet);
        model.MoveTo(new(CPU, ScalarType.BFloat16));
        Assert.Equal(hash, model.UnetSha256);
        Assert.NotEqual(hash, WeightsHash.Sha256(model.Unet));
    }

    [Fact]
    public void An_adapter_that_does_not_say_what_it_was_made_for_fits_everywhere()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        Assert.Null(new AdapterProvenance { BaseModel = "mine" }.Mismatch("FILE", "other", model));
    }

    [Fact]
    public void A_folder_of_peft_names_its_base_model_without_metadata()
    {
        using var scope = NewDisposeScope();
        Write("adapter", new() { BaseModel = "Lykon/dreamshaper-7" });
        SafetensorsWriter.Write(_folder["adapter/adapter_model.safetensors"], [("base_model.model.to_q.lora_A.weight", ones(2, 3))]);
        Assert.Equal(new() { BaseModel = "Lykon/dreamshaper-7" }, AdapterProvenance.Read(_folder["adapter"]));
    }

    [Fact]
    public void Entries_that_were_edited_into_nonsense_are_not_known()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            _folder["a.safetensors"], [("unet.to_q.lora.down.weight", ones(2, 3))],
            new Dictionary<string, string> { ["rlcm.reward"] = "much", ["rlcm.updates"] = "many", ["rlcm.seed"] = "-1", ["rlcm.task"] = "compression", ["rlcm.unknown"] = "x" });
        Assert.Equal(new() { Task = "compression" }, AdapterProvenance.Read(_folder["a.safetensors"]));
    }

    /// <summary>As anyone can compute it: the floats of all weights, sorted by key.</summary>
    [Fact]
    public void The_hash_of_a_network_is_that_of_its_floats_in_the_order_of_their_keys()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var floats = model.Unet.state_dict().OrderBy(weight => weight.Key, StringComparer.Ordinal).SelectMany(weight => weight.Value.contiguous().data<float>().ToArray());
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([.. floats.SelectMany(BitConverter.GetBytes)])), WeightsHash.Sha256(model.Unet));
    }

    [Fact, NoTensorLeaks]
    public void Shards_variants_and_single_files_of_one_model_have_one_hash()
    {
        string Hash(string name, SyntheticForm form)
        {
            using var model = TextToImageModel.Load(SyntheticModel.Write(_folder[name], SyntheticShape.Tiny, form));
            return WeightsHash.Sha256(model.Unet);
        }

        var plain = Hash("plain", new());
        Assert.Equal(plain, Hash("shards", new() { Shards = 3 }));
        Assert.Equal(plain, Hash("variant", new() { Variant = "non_ema" }));
        var half = Hash("half", new(ScalarType.Float16));
        Assert.Equal(half, Hash("half shards", new(ScalarType.Float16) { Shards = 2, Variant = "fp16" }));
        Assert.NotEqual(plain, half);
    }

    private void Write(string name, AdapterProvenance provenance) => AdapterFile.Save(
        new(new Dictionary<string, (Tensor, Tensor)> { ["to_q"] = (ones(2, 3), ones(3, 2)) }, 2, 2), AdapterFormat.Peft, _folder[name], ScalarType.Float32, provenance);
}

using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using Rlcm.Tests.Checkpoints.Pickle;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>The forms in which published checkpoints keep one and the same weights.</summary>
public sealed class CheckpointVariantsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Forms => [.. All.Keys];

    private static Dictionary<string, SyntheticForm> All { get; } = new(StringComparer.Ordinal)
    {
        ["half"] = new(ScalarType.Float16),
        ["bfloat16"] = new(ScalarType.BFloat16),
        ["double"] = new(ScalarType.Float64),
        ["fp16 variant"] = new(ScalarType.Float16) { Variant = "fp16" },
        ["another variant"] = new() { Variant = "non_ema" },
        ["shards"] = new() { Shards = 3 },
        ["shards of a variant"] = new(ScalarType.Float16) { Shards = 2, Variant = "fp16" },
        ["old names"] = new() { OldNames = true },
        ["extra folders"] = new() { ExtraFolders = true },
        ["everything"] = new(ScalarType.Float16) { Shards = 2, Variant = "fp16", OldNames = true, ExtraFolders = true },
    };

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Forms))]
    public void Every_form_holds_the_weights_of_the_plain_one(string form)
    {
        using var scope = NewDisposeScope();
        using var plain = TextToImageModel.Load(SyntheticModel.Write(_folder["plain"], SyntheticShape.Tiny, new()));
        using var model = TextToImageModel.Load(SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, All[form]));
        Assert.All(Weights(plain).Zip(Weights(model)), pair =>
        {
            Assert.Equal(pair.First.Key, pair.Second.Key);
            Assert.Equal(ScalarType.Float32, pair.Second.Value.dtype);
            Assert.Equal(0, (pair.First.Value.to(All[form].Dtype).to(ScalarType.Float32) - pair.Second.Value).abs().max().ToDouble());
        });
    }

    [Fact]
    public void The_generator_writes_the_names_of_old_versions()
    {
        SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new() { OldNames = true, ExtraFolders = true });
        using var vae = SafetensorsFile.Open(_folder["model/vae/diffusion_pytorch_model.safetensors"]);
        using var text = SafetensorsFile.Open(_folder["model/text_encoder/model.safetensors"]);
        Assert.Contains("decoder.mid_block.attentions.0.proj_attn.weight", vae.Keys);
        Assert.DoesNotContain(vae.Keys, key => key.Contains("to_q", StringComparison.Ordinal));
        Assert.Equal(ScalarType.Int64, text["text_model.embeddings.position_ids"].Dtype);
        Assert.True(Directory.Exists(_folder["model/safety_checker"]));
    }

    [Fact]
    public void Old_and_new_names_of_one_weight_are_refused()
    {
        using var scope = NewDisposeScope();
        var path = SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new());
        var file = Path.Combine(path, "vae", "diffusion_pytorch_model.safetensors");
        (string Key, Tensor Value)[] weights = Read(file);
        var twice = weights.Single(weight => weight.Key == "encoder.mid_block.attentions.0.to_q.weight");
        SafetensorsWriter.Write(file, [.. weights, (twice.Key.Replace("to_q", "query", StringComparison.Ordinal), twice.Value)]);
        var error = Assert.Throws<FileContentException>(() => TextToImageModel.Load(path));
        Assert.Contains("holds encoder.mid_block.attentions.0.to_q.weight twice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_precision_is_preferred_to_a_variant()
    {
        var part = ModelPart.OfDiffusers(_folder["unet"]);
        Directory.CreateDirectory(part.Folder);
        string[] names = ["x.fp16.safetensors", "diffusion_pytorch_model.bin", "diffusion_pytorch_model.non_ema.safetensors", "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors.index.fp16.json", "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors"];
        foreach (var name in names)
            File.WriteAllText(Path.Combine(part.Folder, name), "");
        List<(string, string?, WeightForm)> order = [];
        for (var left = names.Length - 1; left > 0; left--)
        {
            var found = part.FindWeights();
            order.Add((Path.GetFileName(found.Path), found.Variant, found.Form));
            File.Delete(found.Path);
        }

        Assert.Equal(
            [
                ("diffusion_pytorch_model.safetensors", null, WeightForm.Safetensors),
                ("diffusion_pytorch_model.safetensors.index.json", null, WeightForm.SafetensorsShards),
                ("diffusion_pytorch_model.fp16.safetensors", "fp16", WeightForm.Safetensors),
                ("diffusion_pytorch_model.safetensors.index.fp16.json", "fp16", WeightForm.SafetensorsShards),
                ("diffusion_pytorch_model.non_ema.safetensors", "non_ema", WeightForm.Safetensors),
                ("diffusion_pytorch_model.bin", null, WeightForm.Pickle),
            ], order);
        Assert.Throws<UserErrorException>(part.FindWeights);
    }

    [Fact]
    public void Integers_are_no_weights()
    {
        using var scope = NewDisposeScope();
        var path = SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new());
        var file = Path.Combine(path, "unet", "diffusion_pytorch_model.safetensors");
        SafetensorsWriter.Write(file, Read(file).Select(weight => (weight.Key, weight.Key == "conv_in.bias" ? weight.Value.to(ScalarType.Int32) : weight.Value)));
        var error = Assert.Throws<FileContentException>(() => TextToImageModel.Load(path));
        Assert.Contains("1 of another kind of numbers: conv_in.bias (I32 for F32)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pickled_weights_are_those_of_the_plain_form(bool sharded)
    {
        using var scope = NewDisposeScope();
        using var plain = TextToImageModel.Load(SyntheticModel.Write(_folder["plain"], SyntheticShape.Tiny, new()));
        var path = SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new() { OldNames = true });
        foreach (var (part, stem, pickled) in ((string, string, string)[])[("unet", "diffusion_pytorch_model", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model", "diffusion_pytorch_model"), ("text_encoder", "model", "pytorch_model")])
        {
            var file = Path.Combine(path, part, $"{stem}.safetensors");
            var weights = Read(file);
            File.Delete(file);
            var target = Path.Combine(path, part, pickled);
            if (!sharded)
            {
                Pickle(weights, $"{target}.bin");
                continue;
            }

            Pickle(weights[..3], $"{target}-00001-of-00002.bin");
            Pickle(weights[3..], $"{target}-00002-of-00002.bin");
            var map = weights.Index().Select(entry => $"\"{entry.Item.Key}\": \"{pickled}-0000{(entry.Index < 3 ? 1 : 2)}-of-00002.bin\"");
            File.WriteAllText($"{target}.bin.index.json", $"{{\"weight_map\": {{{string.Join(", ", map)}}}}}");
        }

        using var model = TextToImageModel.Load(path);
        Assert.All(Weights(plain).Zip(Weights(model)), pair => Assert.Equal(0, (pair.First.Value - pair.Second.Value).abs().max().ToDouble()));
    }

    /// <summary>As <c>torch.save(state_dict)</c>.</summary>
    private static void Pickle((string Key, Tensor Value)[] weights, string path)
    {
        var file = new TorchFile();
        var entries = new PythonDictionary();
        foreach (var (key, value) in weights)
        {
            var type = value.dtype == ScalarType.Int64 ? new PythonGlobal("torch", "LongStorage") : TorchFile.FloatStorage;
            var strides = value.shape.Select((_, axis) => value.shape[(axis + 1)..].Aggregate(1L, (product, side) => product * side)).ToArray();
            entries.Add(key, TorchFile.Tensor(file.Storage(type, value.bytes.ToArray(), value.numel()), 0, value.shape, strides));
        }

        file.Save(path, entries);
    }

    private static (string Key, Tensor Value)[] Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return [.. file.Keys.Select(key => (key, file.Read(key)))];
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Weights(TextToImageModel model) =>
        [.. model.TextEncoder.state_dict(), .. model.Unet.state_dict(), .. model.Vae.state_dict()];
}

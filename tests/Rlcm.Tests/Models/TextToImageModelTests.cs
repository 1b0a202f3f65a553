using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class TextToImageModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_saved_model_is_loaded_again_weight_by_weight()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["first"]));
        model.Save(_folder["second"], ScalarType.Float32, Path.Combine(_folder["first"], "tokenizer"));
        using var again = TextToImageModel.Load(_folder["second"]);
        Assert.All(Weights(model).Zip(Weights(again)), pair =>
        {
            Assert.Equal(pair.First.Key, pair.Second.Key);
            Assert.Equal(0, (pair.First.Value - pair.Second.Value).abs().max().ToDouble());
        });
        Assert.Equal(Files(_folder["first"]), Files(_folder["second"]));
        Assert.All(Files(_folder["first"]), file => Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["first"], file)), File.ReadAllBytes(Path.Combine(_folder["second"], file))));
        Assert.Equal((model.Scheduler, model.Generation), (again.Scheduler, again.Generation));
    }

    [Fact]
    public void Half_precision_is_a_matter_of_storage()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["first"]));
        model.Save(_folder["half"], ScalarType.Float16, Path.Combine(_folder["first"], "tokenizer"));
        using var half = TextToImageModel.Load(_folder["half"]);
        Assert.All(Weights(model).Zip(Weights(half)), pair =>
        {
            Assert.Equal(ScalarType.Float32, pair.Second.Value.dtype);
            Assert.Equal(0, (pair.First.Value.to(ScalarType.Float16).to(ScalarType.Float32) - pair.Second.Value).abs().max().ToDouble());
        });
        using var file = SafetensorsFile.Open(Path.Combine(_folder["half"], "unet", "diffusion_pytorch_model.safetensors"));
        Assert.All(file.Entries, entry => Assert.Equal(ScalarType.Float16, entry.Dtype));
    }

    [Fact]
    public void A_loaded_model_is_frozen()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        Assert.All(Weights(model), weight => Assert.False(weight.Value.requires_grad, weight.Key));
    }

    [Fact]
    public void Prompts_are_encoded_alike_alone_and_together()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var together = model.EncodePrompts(TinyModels.Prompts);
        Assert.Equal([4, 8, 8], together.shape);
        Assert.InRange((model.EncodePrompts([TinyModels.Prompts[2]])[0] - together[2]).abs().max().ToDouble(), 0, 1e-6);
    }

    [Fact, NoTensorLeaks]
    public void Loading_encoding_and_decoding_leave_no_tensor_behind()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        using var text = model.EncodePrompts(["a flat cat"]);
        using var latents = zeros(1, 4, 4, 4);
        Assert.Equal((1, 16, 16), (model.Decode(latents).Count, model.Decode(latents).Height, model.Decode(latents).Width));
    }

    [Fact, NoTensorLeaks]
    public void Many_pictures_are_decoded_as_each_alone_and_in_their_order()
    {
        using var scope = NewDisposeScope();
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));
        var latents = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 19, 4, 4, 4);
        var pictures = model.Decode(latents);
        Assert.Equal(19, pictures.Count);
        for (var index = 0; index < 19; index++)
        {
            var alone = model.Decode(latents.narrow(0, index, 1));
            Assert.InRange(alone.Pixels.Zip(pictures[index].ToArray(), (a, b) => Math.Abs(a - b)).Max(), 0, 1); // rounding may cross the border of two bytes
        }
    }

    [Fact, NoTensorLeaks]
    public void Diffusion_sampling_leaves_no_tensor_behind()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim));
        using var sampler = new ModelSampler(model, guidanceScale: 3, seed => RolloutNoise.Sample(1, seed));
        var images = sampler.Draw(3, ["a flat cat"], [0], CancellationToken.None);
        Assert.Equal(16 * 16 * 3, images.Pixels.Length);
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Weights(TextToImageModel model) =>
        [.. model.TextEncoder.state_dict(), .. model.Unet.state_dict(), .. model.Vae.state_dict()];

    private static string[] Files(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];
}

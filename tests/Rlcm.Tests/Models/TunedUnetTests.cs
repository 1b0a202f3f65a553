using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class TunedUnetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TextToImageModel _model;

    public TunedUnetTests() => _model = TextToImageModel.Load(TinyModels.Write(_folder["model"]));

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact, NoTensorLeaks]
    public void It_is_a_copy_of_the_base_that_predicts_in_its_place()
    {
        using var scope = NewDisposeScope();
        var before = Output(_model);
        using (var tuned = Create())
        {
            Assert.Equal(0, Difference(Output(_model), before));
            Move(tuned);
            var moved = Output(_model);
            Assert.True(Difference(moved, before) > 1e-3, "the copy is not used");
            using (tuned.UseBase())
            {
                Assert.Equal(0, Difference(Output(_model), before));
                using (tuned.Merge())
                    Assert.Equal(0, Difference(Output(_model), moved));
                Assert.Equal(0, Difference(Output(_model), before));
            }

            Assert.Equal(0, Difference(Output(_model), moved));
        }

        Assert.Equal(0, Difference(Output(_model), before));
    }

    [Fact, NoTensorLeaks]
    public void All_its_weights_are_trained_under_their_own_names_and_none_of_the_base()
    {
        using var scope = NewDisposeScope();
        using var tuned = Create();
        Assert.Equal(_model.BaseUnet.state_dict().Keys.Order(StringComparer.Ordinal), tuned.Parameters().Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Predict(_model).Squared().sum().backward();
        foreach (var (name, value) in tuned.Parameters())
            Assert.True(value.grad is { } gradient && gradient.isfinite().all().item<bool>(), name);
        Assert.All(_model.BaseUnet.parameters(), parameter => Assert.False(parameter.requires_grad || parameter.grad is not null));
    }

    [Fact, NoTensorLeaks]
    public void Gradients_of_parts_that_are_computed_again_are_those_of_the_plain_path()
    {
        using var scope = NewDisposeScope();
        Tensor[] Gradients()
        {
            using var tuned = Create();
            Assert.Equal(_model.BaseUnet.GradientCheckpointing, _model.Unet.GradientCheckpointing);
            Predict(_model).Squared().sum().backward();
            return [.. tuned.Parameters().Select(entry => entry.Value.grad!.clone())];
        }

        var plain = Gradients();
        _model.Unet.GradientCheckpointing = true;
        var largest = plain.Max(gradient => gradient.abs().max().ToDouble());
        foreach (var (expected, found) in plain.Zip(Gradients()))
            Assert.InRange((expected - found).norm().ToDouble(), 0, 1e-6 * Math.Max(expected.norm().ToDouble(), largest));
    }

    [Fact]
    public void What_is_saved_is_a_model_that_predicts_the_same_and_says_how_it_came_to_be()
    {
        using var scope = NewDisposeScope();
        var provenance = new AdapterProvenance { BaseModel = "org/base", BaseUnetSha256 = _model.UnetSha256, Task = "compression", Updates = 3, Reward = 1.5, Seed = 9, Version = "1" };
        using var tuned = Create();
        Move(tuned);
        tuned.Save(_folder["tuned"], provenance);
        using var loaded = TextToImageModel.Load(_folder["tuned"]);
        Assert.Equal(0, Difference(Output(loaded), Output(_model)));
        Assert.Equal((WeightsHash.Sha256(_model.TextEncoder), WeightsHash.Sha256(_model.Vae)), (WeightsHash.Sha256(loaded.TextEncoder), WeightsHash.Sha256(loaded.Vae)));
        Assert.Equal(_model.Generation, loaded.Generation);
        Assert.Equal(_model.Tokenizer.Encode(TinyModels.Prompts).data<long>().ToArray(), loaded.Tokenizer.Encode(TinyModels.Prompts).data<long>().ToArray());
        Assert.Equal(provenance, AdapterProvenance.Read(_folder["tuned"]));
        Assert.Null(AdapterProvenance.TryRead(_folder["model"])!.Updates);
    }

    [Fact]
    public void Values_that_are_stored_elsewhere_are_saved_in_place_of_its_own()
    {
        using var scope = NewDisposeScope();
        using var tuned = Create();
        var values = tuned.Parameters().ToDictionary(entry => entry.Name, entry => entry.Value.detach() * 2, StringComparer.Ordinal);
        tuned.Save(_folder["tuned"], new(), name => values[name].clone());
        using var file = SafetensorsFile.Open(_folder["tuned/unet/diffusion_pytorch_model.safetensors"]);
        Assert.Equal(values.Keys.Order(StringComparer.Ordinal), file.Keys.Order(StringComparer.Ordinal));
        Assert.All(values, entry => Assert.Equal(0, Difference(file.Read(entry.Key), entry.Value)));
    }

    [Fact]
    public void A_model_of_half_precision_is_refused()
    {
        _model.MoveTo(new(CPU, ScalarType.BFloat16));
        Assert.Contains("expected Float32", Assert.Throws<ArgumentException>(Create).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_no_adapter()
    {
        using (var tuned = Create())
            tuned.Save(_folder["tuned"], new());
        var error = Assert.Throws<UserErrorException>(() => AdapterFile.Load(_model.Unet, _folder["tuned"]));
        Assert.Equal($"{_folder["tuned"]} is a whole model, expected an adapter; --model of rlcm sample and rlcm evaluate takes it.", error.Message);
    }

    private TunedUnet Create() => new(_model, _folder["model/tokenizer"]);

    private static void Move(TunedUnet tuned)
    {
        using var noGrad = no_grad();
        foreach (var ((_, value), index) in tuned.Parameters().Select((entry, index) => (entry, index)))
            value.add_(AddressedRandom.NormalTensor(new(7, RandomPurpose.DataNoise, Item: index), value.shape) * 0.05f);
    }

    private static double Difference(Tensor one, Tensor other) => (one - other).abs().max().ToDouble();

    private static Tensor Output(TextToImageModel model)
    {
        using var noGrad = no_grad();
        return Predict(model);
    }

    private static Tensor Predict(TextToImageModel model) => model.Unet.forward(new(Normal(0, 2, 4, 4, 4), tensor([999L, 19L]), Normal(1, 2, 8, 8), Normal(2, 2, 16)));

    private static Tensor Normal(long item, params long[] shape) => AddressedRandom.NormalTensor(new(5, RandomPurpose.DataNoise, Item: item), shape);
}

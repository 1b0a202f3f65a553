using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class WeightInitializerTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Matrices_have_variance_one_third_of_the_inverse_fan_in()
    {
        var linear = nn.Linear(300, 200);
        var convolution = nn.Conv2d(30, 200, 3);
        using var network = nn.Sequential(("linear", linear), ("convolution", convolution));
        WeightInitializer.Initialize(network, seed: 1);
        Assert.Equal(1 / Math.Sqrt(3 * 300), linear.weight!.std().ToDouble(), 5e-4);
        Assert.Equal(1 / Math.Sqrt(3 * 30 * 9), convolution.weight!.std().ToDouble(), 5e-4);
        Assert.Equal(0, linear.bias!.abs().max().ToDouble());
    }

    [Fact]
    public void Embeddings_norms_and_named_weights_start_as_documented()
    {
        using var text = new ClipTextModel(new()
        {
            VocabularySize = 500,
            HiddenSize = 16,
            IntermediateSize = 32,
            Layers = 1,
            Heads = 2,
            MaxPositions = 8,
            StartId = 498,
            EndId = 499,
        });
        WeightInitializer.Initialize(text, seed: 1, "fc2.weight");
        var weights = text.state_dict();
        Assert.Equal(0.02, weights["text_model.embeddings.token_embedding.weight"].std().ToDouble(), 1e-3);
        Assert.Equal(1, weights["text_model.final_layer_norm.weight"].min().ToDouble());
        Assert.Equal(1, weights["text_model.final_layer_norm.weight"].max().ToDouble());
        Assert.Equal(0, weights["text_model.encoder.layers.0.mlp.fc2.weight"].abs().max().ToDouble());
        Assert.NotEqual(0, weights["text_model.encoder.layers.0.mlp.fc1.weight"].abs().max().ToDouble());
    }

    [Fact]
    public void The_seed_alone_decides()
    {
        using var first = nn.Linear(8, 8);
        using var second = nn.Linear(8, 8);
        WeightInitializer.Initialize(first, seed: 3);
        WeightInitializer.Initialize(second, seed: 3);
        Assert.Equal(0, (first.weight! - second.weight!).abs().max().ToDouble());
        WeightInitializer.Initialize(second, seed: 4);
        Assert.NotEqual(0, (first.weight! - second.weight!).abs().max().ToDouble());
    }

    [Fact]
    public void Weights_of_another_architecture_are_refused_before_one_is_copied()
    {
        var config = TinyModels.Unet(guided: false);
        using var student = new UNet2DConditionModel(config);
        WeightInitializer.Initialize(student, seed: 1);
        var before = student.state_dict().Values.Select(weight => weight.clone()).ToArray();
        Refused(new UNet2DConditionModel(config with { BlockOutChannels = [8, 24] }), ", 8, 3, 3], found [24, ");
        Refused(new UNet2DConditionModel(config with { UseLinearProjection = true }), "proj_in.weight: expected [8, 8, 1, 1], found [8, 8]");
        Refused(new UNet2DConditionModel(config with { TimeCondProjDim = 16 }), "time_embedding.cond_proj.weight: expected nothing, found [8, 16]");
        Refused(nn.Linear(2, 3), "conv_in.weight: expected [8, 4, 3, 3], found nothing");
        Assert.All(student.state_dict().Values.Zip(before), pair => Assert.True(pair.First.equal(pair.Second).all().ToBoolean()));

        void Refused(nn.Module source, string expected)
        {
            var error = Assert.Throws<UserErrorException>(() => WeightInitializer.CopyFrom(student, source));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_student_begins_as_its_teacher_whatever_the_guidance()
    {
        using var teacher = new UNet2DConditionModel(TinyModels.Unet(guided: false));
        using var student = new UNet2DConditionModel(TinyModels.Unet(guided: true));
        WeightInitializer.Initialize(teacher, seed: 1);
        WeightInitializer.CopyFrom(student, teacher, UNet2DConditionModel.GuidanceProjection);

        var (noise, text, timesteps) = (rand(2, 4, 4, 4), rand(2, 8, 8), full(2, 499L, ScalarType.Int64));
        var expected = teacher.forward(new(noise, timesteps, text, GuidanceEmbedding: null));
        Assert.Equal(0, (student.forward(new(noise, timesteps, text, rand(2, 16))) - expected).abs().max().ToDouble());
    }
}

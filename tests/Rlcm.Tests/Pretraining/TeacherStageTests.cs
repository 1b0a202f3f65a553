using Rlcm.Models;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using Rlcm.Tests.Diffusion;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class TeacherStageTests : IDisposable
{
    private static readonly PretrainingSettings Settings = new() { Images = 640, BatchSize = 64 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0.01, 99)]        // SNR 1/99
    [InlineData(0.5, 1)]          // SNR 1
    [InlineData(5 / 6.0, 1)]      // SNR 5
    [InlineData(10 / 11.0, 0.5)]  // SNR 10
    [InlineData(0.99, 5 / 99.0)]  // SNR 99
    public void The_weight_of_a_pictures_error_stays_between_one_and_five(double alphaCumprod, double expected) =>
        Assert.Equal(expected, TeacherStage.LossWeight(alphaCumprod), 1e-12);

    [Fact]
    public void A_network_that_predicts_zero_loses_the_weighted_noise()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = TinyStages.Teacher(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim), Settings, zeroOutput: true);
        for (var step = 0; step < 3; step++)
        {
            var timesteps = new int[Settings.BatchSize];
            AddressedRandom.Integers(new(Settings.Seed, RandomPurpose.Timestep, step), timesteps, 1000);
            var noise = AddressedRandom.NormalTensor(new(Settings.Seed, RandomPurpose.DataNoise, step), Settings.BatchSize, 4, 4, 4);
            var expected = timesteps.Index().Average(entry =>
                TeacherStage.LossWeight(Schedules.StableDiffusion[entry.Item].AlphaCumprod) * noise[entry.Index].square().mean().ToDouble());
            Assert.Equal(1, stage.Loss(step).ToDouble() / expected, 1e-5);
        }
    }

    [Fact]
    public void A_tenth_of_the_captions_is_dropped_and_some_lack_their_style()
    {
        using var scope = NewDisposeScope();
        using var stage = TinyStages.Teacher(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim), Settings);
        const int count = 40_000;
        var rows = Enumerable.Range(0, count).Select(index => index % TinyStages.Pictures).ToArray();
        var captions = stage.DrawCaptions(rows, step: 0);
        Assert.Equal(0.1, captions.Count(row => row == 2 * TinyStages.Pictures) / (double)count, 0.008);
        Assert.Equal(0.15, captions.Zip(rows).Count(pair => pair.First == TinyStages.Pictures + pair.Second) / (double)count, 0.01);
        Assert.Equal(0.75, captions.Zip(rows).Count(pair => pair.First == pair.Second) / (double)count, 0.012);
        Assert.NotEqual(captions, stage.DrawCaptions(rows, step: 1));
    }

    [Fact]
    public void Gradients_reach_text_encoder_and_unet_but_not_the_average()
    {
        using var scope = NewDisposeScope();
        using var stage = TinyStages.Teacher(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim), Settings with { BatchSize = 4 });
        stage.Loss(0).backward();
        Assert.All(stage.Weights, weight => Assert.True(weight.Value.grad is not null, $"{weight.Name} has no gradient."));
        Assert.All(stage.Weights, weight => Assert.False(weight.Average.requires_grad, $"The average of {weight.Name} would be trained."));
    }
}

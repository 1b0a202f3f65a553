using Rlcm.Diffusion;
using Rlcm.Models;
using Rlcm.Pretraining;
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
    [InlineData(0.01, 1)]         // SNR 1/99
    [InlineData(0.5, 1)]          // SNR 1
    [InlineData(5 / 6.0, 1)]      // SNR 5
    [InlineData(10 / 11.0, 0.5)]  // SNR 10
    [InlineData(0.99, 5 / 99.0)]  // SNR 99
    public void Weights_are_cut_at_a_signal_to_noise_ratio_of_five(double alphaCumprod, double expected) =>
        Assert.Equal(expected, TeacherStage.MinSnrWeight(alphaCumprod), 1e-12);

    [Fact]
    public void A_network_that_predicts_zero_loses_the_mean_weight()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stage = TinyStages.Teacher(TinyModels.Write(_folder["model"], SchedulerConfig.Ddim), Settings, zeroOutput: true);
        // E (n - 0)^2 = 1 for every dimension, so that the weights' mean over uniform timesteps remains.
        var schedule = NoiseSchedule.StableDiffusion;
        var expected = Enumerable.Range(0, schedule.TrainTimesteps).Average(timestep => TeacherStage.MinSnrWeight(schedule[timestep].AlphaCumprod));
        var loss = Enumerable.Range(0, 20).Average(step => stage.Loss(step).ToDouble());
        Assert.Equal(expected, loss, 0.05); // some five standard errors of 20 x 64 pictures
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

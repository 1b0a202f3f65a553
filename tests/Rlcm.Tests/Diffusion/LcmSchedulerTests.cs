using Rlcm.Diffusion;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Diffusion;

public sealed class LcmSchedulerTests : IDisposable
{
    private static readonly NoiseSchedule Schedule = Schedules.StableDiffusion;
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void The_consistency_function_is_the_identity_at_time_zero()
    {
        Assert.Equal((1, 0), LcmScheduler.BoundaryScalings(0));
        var sample = Random(1, 2, 4, 3, 3);
        Assert.Equal(Numbers(sample), Numbers(LcmScheduler.Denoise(sample, Random(2, 2, 4, 3, 3), Schedule[0])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(279)]
    [InlineData(999)]
    public void Boundary_scalings_equal_the_closed_form(int timestep)
    {
        var s = 10.0 * timestep;
        var (skip, output) = LcmScheduler.BoundaryScalings(timestep);
        Assert.Equal(0.25 / (s * s + 0.25), skip, 1e-15);
        Assert.Equal(s / Math.Sqrt(s * s + 0.25), output, 1e-15);
    }

    [Fact]
    public void Denoising_and_transition_equal_the_closed_form()
    {
        var (level, next) = (Schedule[759], Schedule[519]);
        var (sample, epsilon, noise) = (Random(1, 2, 3), Random(2, 2, 3), Random(3, 2, 3));
        var denoised = LcmScheduler.Denoise(sample, epsilon, level);
        var state = LcmScheduler.Step(LcmScheduler.Mean(denoised, next), noise, next.Noise);

        var (skip, output) = LcmScheduler.BoundaryScalings(759);
        for (var i = 0; i < 6; i++)
        {
            double x = Numbers(sample)[i], eps = Numbers(epsilon)[i], n = Numbers(noise)[i];
            var f = output * (x - Math.Sqrt(1 - level.AlphaCumprod) * eps) / Math.Sqrt(level.AlphaCumprod) + skip * x;
            Assert.Equal(f, Numbers(denoised)[i], 1e-5);
            Assert.Equal(Math.Sqrt(next.AlphaCumprod) * f + Math.Sqrt(1 - next.AlphaCumprod) * n, Numbers(state)[i], 1e-5);
        }
    }

    [Fact]
    public void The_true_noise_gives_back_the_original()
    {
        var (original, noise) = (Random(1, 3, 4, 2, 2), Random(2, 3, 4, 2, 2));
        NoiseLevel[] levels = [Schedule[19], Schedule[499], Schedule[999]];
        var restored = EpsilonPrediction.PredictOriginal(EpsilonPrediction.AddNoise(original, noise, levels), noise, levels);
        Assert.All(Numbers(original).Zip(Numbers(restored)), pair => Assert.Equal(pair.First, pair.Second, 2e-5));
    }

    [Fact]
    public void Levels_given_per_image_equal_one_call_for_each_image()
    {
        var (sample, epsilon) = (Random(1, 3, 4, 2, 2), Random(2, 3, 4, 2, 2));
        NoiseLevel[] levels = [Schedule[19], Schedule[499], Schedule[999]];
        var together = LcmScheduler.Mean(LcmScheduler.Denoise(sample, epsilon, levels), levels);
        var stepped = LcmScheduler.Step(together, epsilon, [.. levels.Select(level => level.Noise)]);
        for (var n = 0; n < levels.Length; n++)
        {
            var alone = LcmScheduler.Mean(LcmScheduler.Denoise(sample[n..(n + 1)], epsilon[n..(n + 1)], levels[n]), levels[n]);
            Assert.Equal(Numbers(alone), Numbers(together[n..(n + 1)]));
            Assert.Equal(Numbers(LcmScheduler.Step(alone, epsilon[n..(n + 1)], levels[n].Noise)), Numbers(stepped[n..(n + 1)]));
        }
    }

    [Fact]
    public void A_number_of_levels_that_fits_no_batch_is_refused() =>
        Assert.Throws<ArgumentException>(() => LcmScheduler.Mean(Random(1, 3, 4), Schedule[1], Schedule[2]));

    [Fact]
    public void Gradients_reach_the_network_output()
    {
        var epsilon = Random(2, 1, 4).requires_grad_();
        LcmScheduler.Mean(LcmScheduler.Denoise(Random(1, 1, 4), epsilon, Schedule[759]), Schedule[519]).sum().backward();
        var expected = -LcmScheduler.BoundaryScalings(759).Out * Schedule[519].Signal * Schedule[759].Noise / Schedule[759].Signal;
        Assert.All(Numbers(epsilon.grad), gradient => Assert.Equal(expected, gradient, 1e-6));
    }

    [Fact]
    public void Guidance_extrapolates_from_the_unconditional_to_the_conditional_prediction()
    {
        var (unconditional, conditional) = (torch.tensor(new[] { 1f, 2f }), torch.tensor(new[] { 2f, 4f }));
        Assert.Equal([2f, 4f], Numbers(EpsilonPrediction.Guide(unconditional, conditional, 1)));
        Assert.Equal([9f, 18f], Numbers(EpsilonPrediction.Guide(unconditional, conditional, 8)));
        Assert.Equal([2f, 18f], Numbers(EpsilonPrediction.Guide(unconditional, conditional, 1, 8)));
    }

    private static torch.Tensor Random(int item, params long[] shape) =>
        AddressedRandom.NormalTensor(new RandomAddress(5, RandomPurpose.InitialNoise, Item: item), shape);

    private static float[] Numbers(torch.Tensor? values) => values!.data<float>().ToArray();
}

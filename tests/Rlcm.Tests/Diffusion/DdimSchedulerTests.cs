using Rlcm.Diffusion;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Diffusion;

public sealed class DdimSchedulerTests : IDisposable
{
    private static readonly NoiseSchedule Schedule = Schedules.StableDiffusion;
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Fifty_steps_are_spaced_as_in_diffusers()
    {
        var steps = DdimScheduler.CreateSteps(Schedule, 50, stepsOffset: 1, setAlphaToOne: false);
        Assert.Equal(Enumerable.Range(0, 50).Select(k => 981 - 20 * k), steps.Select(step => step.From.Timestep));
        Assert.Equal(steps.Skip(1).Select(step => step.From), steps.SkipLast(1).Select(step => step.To));
        Assert.Equal(Schedule[0], steps[^1].To);
        Assert.Equal(NoiseLevel.Clean, DdimScheduler.CreateSteps(Schedule, 50, stepsOffset: 0, setAlphaToOne: true)[^1].To);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1001, 0)]
    [InlineData(1000, 1)]
    [InlineData(50, -1)]
    public void Steps_outside_the_schedule_are_refused(int steps, int offset) =>
        Assert.Throws<UserErrorException>(() => DdimScheduler.CreateSteps(Schedule, steps, offset, setAlphaToOne: false));

    [Fact]
    public void The_true_noise_leads_along_the_noised_original()
    {
        var (original, noise) = (Random(1), Random(2));
        var step = new DdimStep(Schedule[501], Schedule[481]);
        var mean = DdimScheduler.Mean(EpsilonPrediction.AddNoise(original, noise, step.From), noise, 0, step);
        AssertClose(EpsilonPrediction.AddNoise(original, noise, step.To), mean, 1e-5);
    }

    [Fact]
    public void Mean_and_std_keep_the_variance_of_the_level_for_every_eta()
    {
        var step = new DdimStep(Schedule[501], Schedule[481]);
        foreach (var eta in (double[])[0, 0.3, 1])
        {
            // With x0 = 0 the mean is sqrt(1 - a - sigma^2) eps; with independent noise of std sigma its variance is 1 - a again.
            var mean = DdimScheduler.Mean(torch.full(1, 4, step.From.Noise), torch.ones(1, 4), eta, step);
            Assert.Equal(1 - step.To.AlphaCumprod, Math.Pow(mean[0, 0].item<float>(), 2) + Math.Pow(step.Std(eta), 2), 1e-6);
        }
    }

    /// <summary>The posterior variance of Ho et al. 2020, eq. 7.</summary>
    [Fact]
    public void With_eta_one_the_std_is_that_of_DDPM()
    {
        var step = new DdimStep(Schedule[500], Schedule[499]);
        var beta = 1 - step.From.AlphaCumprod / step.To.AlphaCumprod;
        Assert.Equal(Math.Sqrt((1 - step.To.AlphaCumprod) / (1 - step.From.AlphaCumprod) * beta), step.Std(1), 1e-15);
        Assert.Equal(0, step.Std(0));
    }

    [Fact]
    public void Steps_given_per_image_equal_one_call_for_each_image()
    {
        var (sample, epsilon) = (Random(1), Random(2));
        DdimStep[] steps = [new(Schedule[999], Schedule[979]), new(Schedule[19], NoiseLevel.Clean)];
        var together = DdimScheduler.Mean(sample, epsilon, 0.5, steps);
        for (var n = 0; n < steps.Length; n++)
            AssertClose(DdimScheduler.Mean(sample[n..(n + 1)], epsilon[n..(n + 1)], 0.5, steps[n]), together[n..(n + 1)], 0);
    }

    private static torch.Tensor Random(int item) =>
        AddressedRandom.NormalTensor(new RandomAddress(6, RandomPurpose.InitialNoise, Item: item), 2, 4, 3, 3);

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual, double tolerance) =>
        Assert.All(expected.data<float>().Zip(actual.data<float>()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
}

using Rlcm.Diffusion;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Diffusion;

public sealed class NoiseScheduleTests
{
    /// <summary>Values of diffusers' <c>alphas_cumprod</c>.</summary>
    [Theory]
    [InlineData(0, 0.99915f)]
    [InlineData(11, 0.989537477f)]
    [InlineData(999, 0.004660096f)]
    public void The_schedule_of_Stable_Diffusion_has_its_known_values(int timestep, float alphaCumprod) =>
        Assert.Equal(alphaCumprod, Schedules.StableDiffusion.AlphasCumprod[timestep]);

    [Fact]
    public void Cumulative_products_equal_the_closed_form()
    {
        var product = 1.0;
        for (var t = 0; t < 1000; t++)
        {
            var root = Math.Sqrt(0.00085) + (Math.Sqrt(0.012) - Math.Sqrt(0.00085)) * t / 999;
            product *= 1 - root * root;
            Assert.Equal(product, Schedules.StableDiffusion[t].AlphaCumprod, 1e-6);
        }
    }

    [Fact]
    public void Signal_and_noise_of_a_level_have_unit_variance_together()
    {
        var level = Schedules.StableDiffusion[500];
        Assert.Equal(1, level.Signal * level.Signal + level.Noise * level.Noise, 1e-15);
        Assert.Equal((1, 0), (NoiseLevel.Clean.Signal, NoiseLevel.Clean.Noise));
    }

    [Fact]
    public void Another_beta_schedule_is_refused_by_name()
    {
        var error = Assert.Throws<UserErrorException>(() => NoiseSchedule.FromConfig(0.0001, 0.02, "squaredcos_cap_v2", 1000));
        Assert.Contains("'squaredcos_cap_v2'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0.012, 1000)]
    [InlineData(0.02, 0.012, 1000)]
    [InlineData(0.00085, 1, 1000)]
    [InlineData(0.00085, 0.012, 1)]
    public void Numbers_that_make_no_schedule_are_refused(double betaStart, double betaEnd, int trainTimesteps) =>
        Assert.Throws<UserErrorException>(() => NoiseSchedule.FromConfig(betaStart, betaEnd, "scaled_linear", trainTimesteps));

    [Fact]
    public void A_timestep_outside_the_schedule_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedules.StableDiffusion[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedules.StableDiffusion[1000]);
    }

    [Fact]
    public void Given_cumulative_products_must_fall()
    {
        Assert.Equal(0.5, NoiseSchedule.FromAlphasCumprod([0.9f, 0.5f])[1].AlphaCumprod);
        Assert.Throws<ArgumentException>(() => NoiseSchedule.FromAlphasCumprod([0.5f, 0.9f]));
        Assert.Throws<ArgumentException>(() => NoiseSchedule.FromAlphasCumprod([0.9f, 0f]));
    }
}

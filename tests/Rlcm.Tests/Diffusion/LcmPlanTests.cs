using Rlcm.Diffusion;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Diffusion;

public sealed class LcmPlanTests
{
    private static readonly NoiseSchedule Schedule = Schedules.StableDiffusion;

    /// <summary>Small golden values: the scheduler released with RLCM, and diffusers 0.27.</summary>
    [Theory]
    [InlineData(LcmGrid.Released, 50, new[] { 999 })]
    [InlineData(LcmGrid.Released, 50, new[] { 999, 679, 359 })]
    [InlineData(LcmGrid.Released, 50, new[] { 999, 759, 519, 279 })]
    [InlineData(LcmGrid.Released, 50, new[] { 999, 879, 759, 639, 519, 399, 279, 159 })]
    [InlineData(LcmGrid.Released, 50, new[] { 999, 939, 879, 819, 759, 699, 639, 579, 519, 459, 399, 339, 279, 219, 159, 99 })]
    [InlineData(LcmGrid.Released, 25, new[] { 999, 879, 759, 639, 519, 399, 279 })]
    [InlineData(LcmGrid.Diffusers, 50, new[] { 999, 499 })]
    [InlineData(LcmGrid.Diffusers, 50, new[] { 999, 679, 339 })]
    [InlineData(LcmGrid.Diffusers, 50, new[] { 999, 759, 499, 259 })]
    [InlineData(LcmGrid.Diffusers, 50, new[] { 999, 879, 759, 639, 499, 379, 259, 139 })]
    [InlineData(LcmGrid.Diffusers, 25, new[] { 999, 879, 719, 599, 439, 319, 159 })]
    public void Timesteps_equal_those_of_the_originals(LcmGrid grid, int originSteps, int[] expected) =>
        Assert.Equal(expected, LcmTimesteps.Create(expected.Length, grid, originSteps));

    [Theory]
    [InlineData(0, 50)]
    [InlineData(51, 50)]
    [InlineData(4, 0)]
    [InlineData(4, 1001)]
    public void Impossible_horizons_are_refused(int horizon, int originSteps)
    {
        Assert.Throws<UserErrorException>(() => LcmTimesteps.Create(horizon, LcmGrid.Released, originSteps));
        Assert.Throws<UserErrorException>(() => LcmPlan.Create(Schedule, horizon, LcmGrid.Diffusers, FinalStep.Deterministic, originSteps));
    }

    [Theory]
    [InlineData(FinalStep.Deterministic)]
    [InlineData(FinalStep.AsReleased)]
    [InlineData(FinalStep.Decoded)]
    public void Steps_before_the_last_lead_to_the_next_level_with_noise_and_score(FinalStep finalStep)
    {
        var plan = LcmPlan.Create(Schedule, 4, LcmGrid.Released, finalStep, finalNoise: 0.3);
        for (var i = 0; i < 3; i++)
            Assert.Equal(new LcmStep(Schedule[999 - 240 * i], Schedule[999 - 240 * (i + 1)], IsNoised: true, IsScored: true), plan.Steps[i]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_deterministic_last_step_is_neither_noised_nor_scored(int horizon)
    {
        var plan = LcmPlan.Create(Schedule, horizon, LcmGrid.Released, FinalStep.Deterministic);
        Assert.Equal(new LcmStep(plan.Steps[^1].Level, NoiseLevel.Clean, IsNoised: false, IsScored: false), plan.Steps[^1]);
        Assert.Equal((horizon, horizon - 1), (plan.Horizon, plan.ScoredSteps.Count));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(8, true)]
    public void The_released_last_step_stays_at_its_level_and_is_scored(int horizon, bool isNoised)
    {
        var plan = LcmPlan.Create(Schedule, horizon, LcmGrid.Released, FinalStep.AsReleased);
        var level = plan.Steps[^1].Level;
        Assert.Equal(new LcmStep(level, level, isNoised, IsScored: true), plan.Steps[^1]);
        Assert.Equal((horizon, horizon), (plan.Horizon, plan.ScoredSteps.Count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_decoded_last_step_leads_to_the_clean_sample_and_noise_of_the_deviation_asked_for(int horizon)
    {
        var plan = LcmPlan.Create(Schedule, horizon, LcmGrid.Diffusers, FinalStep.Decoded, finalNoise: 0.3);
        Assert.Equal(new LcmStep(plan.Steps[^1].Level, NoiseLevel.Clean, IsNoised: true, IsScored: true) { Std = 0.3 }, plan.Steps[^1]);
        Assert.Equal((horizon, horizon), (plan.Horizon, plan.ScoredSteps.Count));
    }

    [Theory]
    [InlineData(FinalStep.Deterministic, 0.0, 4)]
    [InlineData(FinalStep.Decoded, 0.3, 0)]
    [InlineData(FinalStep.Decoded, 0.0, 1)]
    public void Steps_that_are_not_there_and_a_decoded_step_without_noise_are_refused(FinalStep finalStep, double finalNoise, int scoredSteps) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => LcmPlan.Create(Schedule, 4, LcmGrid.Diffusers, finalStep, finalNoise: finalNoise, scoredSteps: scoredSteps));

    [Theory]
    [InlineData(FinalStep.Deterministic, null, new[] { 0, 1, 2 })]
    [InlineData(FinalStep.Deterministic, 2, new[] { 1, 2 })]
    [InlineData(FinalStep.AsReleased, 3, new[] { 1, 2, 3 })]
    [InlineData(FinalStep.Decoded, 1, new[] { 3 })]
    [InlineData(FinalStep.Decoded, null, new[] { 0, 1, 2, 3 })]
    public void Scored_steps_are_counted_from_the_last_that_can_be(FinalStep finalStep, int? scoredSteps, int[] expected)
    {
        var plan = LcmPlan.Create(Schedule, 4, LcmGrid.Diffusers, finalStep, finalNoise: 0.3, scoredSteps: scoredSteps);
        Assert.Equal(expected, plan.ScoredSteps);
        Assert.All(plan.Steps.Take(3), step => Assert.True(step.IsNoised)); // scored or not
    }
}

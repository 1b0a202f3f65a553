using Rlcm.Runtime;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>One DDIM transition from a noisier to a cleaner level.</summary>
public readonly record struct DdimStep(NoiseLevel From, NoiseLevel To)
{
    /// <summary>
    /// sigma = eta sqrt((1 - a_to) / (1 - a_from)) sqrt(1 - a_from / a_to) (Song et al. 2021, eq. 16): the standard deviation of the transition.
    /// </summary>
    public double Std(double eta) =>
        eta * Math.Sqrt((1 - To.AlphaCumprod) / (1 - From.AlphaCumprod)) * Math.Sqrt(1 - From.AlphaCumprod / To.AlphaCumprod);
}

/// <summary>DDIM sampling (Song et al. 2021) in pure functions: the teacher's sampler, the solver of distillation, DDPO's policy.</summary>
public static class DdimScheduler
{
    /// <summary>
    /// The transitions of <paramref name="steps"/>-step sampling, noisiest first, with diffusers' <c>leading</c> spacing:
    /// t_k = k (T / steps) + offset, each leading to t_k - T / steps.
    /// </summary>
    /// <param name="schedule">The noise schedule, of T timesteps.</param>
    /// <param name="steps">Number of network calls.</param>
    /// <param name="stepsOffset">diffusers' <c>steps_offset</c>; 1 for Stable Diffusion 1.5.</param>
    /// <param name="setAlphaToOne">diffusers' <c>set_alpha_to_one</c>: whether the last step leads to a = 1 or, as for Stable Diffusion 1.5, to a_0.</param>
    /// <exception cref="UserErrorException">The steps do not fit into the schedule.</exception>
    public static IReadOnlyList<DdimStep> CreateSteps(NoiseSchedule schedule, int steps, int stepsOffset, bool setAlphaToOne)
    {
        if (steps < 1 || steps > schedule.TrainTimesteps)
            throw new UserErrorException($"DDIM: expected 1 to {schedule.TrainTimesteps} sampling steps, found {steps}; choose a number in that range.");
        var spacing = schedule.TrainTimesteps / steps;
        if (stepsOffset < 0 || (steps - 1) * spacing + stepsOffset >= schedule.TrainTimesteps)
            throw new UserErrorException($"DDIM: {steps} sampling steps with steps_offset {stepsOffset} leave the schedule's {schedule.TrainTimesteps} timesteps; use fewer steps or a smaller offset.");

        var last = setAlphaToOne ? NoiseLevel.Clean : schedule[0];
        return [.. Enumerable.Range(0, steps).Reverse().Select(k =>
        {
            var timestep = k * spacing + stepsOffset;
            return new DdimStep(schedule[timestep], timestep >= spacing ? schedule[timestep - spacing] : last);
        })];
    }

    /// <summary>Mean of the transition: sqrt(a_to) x0 + sqrt(1 - a_to - sigma^2) eps (Song et al. 2021, eq. 12).</summary>
    /// <param name="sample">x at the noisier level, [B, ...].</param>
    /// <param name="epsilon">The network's output, shaped as the sample.</param>
    /// <param name="eta">0 for the deterministic sampler, 1 for DDPM's variance.</param>
    /// <param name="steps">The transition: one, or one per image.</param>
    public static Tensor Mean(Tensor sample, Tensor epsilon, double eta, params ReadOnlySpan<DdimStep> steps)
    {
        using var scope = NewDisposeScope();
        var fromSignal = PerImage.Coefficients(steps, sample, step => step.From.Signal);
        var fromNoise = PerImage.Coefficients(steps, sample, step => step.From.Noise);
        var original = (sample - fromNoise * epsilon) / fromSignal;
        var toSignal = PerImage.Coefficients(steps, sample, step => step.To.Signal);
        var direction = PerImage.Coefficients(steps, sample, step => Direction(step, eta));
        return (toSignal * original).Plus(direction * epsilon).MoveToOuterDisposeScope();
    }

    private static double Direction(DdimStep step, double eta)
    {
        var std = step.Std(eta);
        return Math.Sqrt(Math.Max(0, 1 - step.To.AlphaCumprod - std * std));
    }
}

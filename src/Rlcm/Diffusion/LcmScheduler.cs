using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>
/// Multistep consistency sampling (Luo et al. 2023) as the Gaussian policy of RLCM (Oertell et al. 2024), in pure functions:
/// f(x_i) = c_out x0 + c_skip x_i, then x_{i+1} ~ N(sqrt(a'_i) f(x_i), (1 - a'_i) I).
/// </summary>
public static class LcmScheduler
{
    /// <summary>diffusers' <c>timestep_scaling</c>: s = 10 t.</summary>
    public const double TimestepScaling = 10;

    /// <summary>sigma_data of the boundary condition.</summary>
    public const double SigmaData = 0.5;

    /// <summary>c_skip = sd^2 / (s^2 + sd^2), c_out = s / sqrt(s^2 + sd^2) with s = 10 t: f is the identity at t = 0.</summary>
    public static (double Skip, double Out) BoundaryScalings(int timestep)
    {
        var scaled = TimestepScaling * timestep;
        var sum = scaled * scaled + SigmaData * SigmaData;
        return (SigmaData * SigmaData / sum, scaled / Math.Sqrt(sum));
    }

    /// <summary>The consistency function f(x_i) = c_out x0 + c_skip x_i.</summary>
    /// <param name="sample">x_i, [B, ...].</param>
    /// <param name="epsilon">The network's output, shaped as x_i.</param>
    /// <param name="levels">The level of x_i: one, or one per image.</param>
    public static Tensor Denoise(Tensor sample, Tensor epsilon, params ReadOnlySpan<NoiseLevel> levels)
    {
        using var scope = NewDisposeScope();
        var original = EpsilonPrediction.PredictOriginal(sample, epsilon, levels);
        var skip = PerImage.Coefficients(levels, sample, level => BoundaryScalings(level.Timestep).Skip);
        var output = PerImage.Coefficients(levels, sample, level => BoundaryScalings(level.Timestep).Out);
        return (output * original).Plus(skip * sample).MoveToOuterDisposeScope();
    }

    /// <summary>Mean of the transition: sqrt(a'_i) f(x_i). Its standard deviation is <see cref="LcmStep.Std"/>.</summary>
    /// <param name="denoised">f(x_i), [B, ...].</param>
    /// <param name="next">The level that the transition leads to: one, or one per image.</param>
    public static Tensor Mean(Tensor denoised, params ReadOnlySpan<NoiseLevel> next)
    {
        using var scope = NewDisposeScope();
        return (PerImage.Coefficients(next, denoised, level => level.Signal) * denoised).MoveToOuterDisposeScope();
    }

    /// <summary>The next state: mean + std n.</summary>
    /// <param name="mean">[B, ...].</param>
    /// <param name="noise">n, standard normal, shaped as the mean.</param>
    /// <param name="std">One standard deviation, or one per image.</param>
    public static Tensor Step(Tensor mean, Tensor noise, params ReadOnlySpan<double> std)
    {
        using var scope = NewDisposeScope();
        return mean.Plus(PerImage.Coefficients(std, mean, value => value) * noise).MoveToOuterDisposeScope();
    }
}

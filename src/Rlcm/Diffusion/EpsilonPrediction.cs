using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>
/// Formulas shared by all models that predict the noise. Everywhere in this namespace, levels and steps are given once for the whole
/// batch or once per image.
/// </summary>
public static class EpsilonPrediction
{
    /// <summary>Forward process: x_t = sqrt(a_t) x0 + sqrt(1 - a_t) n (Ho et al. 2020, eq. 4).</summary>
    /// <param name="original">x0, [B, ...].</param>
    /// <param name="noise">n, shaped as x0.</param>
    /// <param name="levels">One level, or one per image.</param>
    public static Tensor AddNoise(Tensor original, Tensor noise, params ReadOnlySpan<NoiseLevel> levels)
    {
        using var scope = NewDisposeScope();
        var signal = PerImage.Coefficients(levels, original, level => level.Signal);
        var spread = PerImage.Coefficients(levels, original, level => level.Noise);
        return (signal * original).Plus(spread * noise).MoveToOuterDisposeScope();
    }

    /// <summary>x0 = (x_t - sqrt(1 - a_t) eps) / sqrt(a_t).</summary>
    /// <param name="sample">x_t, [B, ...].</param>
    /// <param name="epsilon">The network's output, shaped as x_t.</param>
    /// <param name="levels">One level, or one per image.</param>
    public static Tensor PredictOriginal(Tensor sample, Tensor epsilon, params ReadOnlySpan<NoiseLevel> levels)
    {
        using var scope = NewDisposeScope();
        var signal = PerImage.Coefficients(levels, sample, level => level.Signal);
        var spread = PerImage.Coefficients(levels, sample, level => level.Noise);
        return ((sample - spread * epsilon) / signal).MoveToOuterDisposeScope();
    }

    /// <summary>Classifier-free guidance: eps_u + g (eps_c - eps_u) (Ho and Salimans 2022, with g = 1 + w).</summary>
    /// <param name="unconditional">eps_u, [B, ...].</param>
    /// <param name="conditional">eps_c, shaped as eps_u.</param>
    /// <param name="guidanceScales">One g, or one per image.</param>
    public static Tensor Guide(Tensor unconditional, Tensor conditional, params ReadOnlySpan<double> guidanceScales)
    {
        using var scope = NewDisposeScope();
        var scale = PerImage.Coefficients(guidanceScales, unconditional, value => value);
        return unconditional.Plus(scale * (conditional - unconditional)).MoveToOuterDisposeScope();
    }
}

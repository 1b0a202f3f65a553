using Rlcm.Diffusion;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>How the log-density of a transition is reduced over the latent dimensions.</summary>
public enum LogProbReduction
{
    /// <summary>Mean over the d dimensions, as the released code: the ratio is the true one to the power 1/d.</summary>
    Mean,

    /// <summary>Sum: the true log-density.</summary>
    Sum,
}

/// <summary>Log-probability of x' under N(mean, std^2 I).</summary>
public static class GaussianLogProb
{
    private static readonly double HalfLogTwoPi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>
    /// [B]: -(x' - mean)^2 / (2 std^2) - ln std - ln sqrt(2 pi), reduced over all dimensions but the first. The sample is data: no gradient
    /// flows into it.
    /// </summary>
    /// <param name="sample">x', [B, ...].</param>
    /// <param name="mean">Shaped as x'.</param>
    /// <param name="reduction">Mean or sum over the d latent dimensions.</param>
    /// <param name="std">One standard deviation, or one per image; positive.</param>
    /// <exception cref="ArgumentException">A standard deviation is not positive, or their number fits neither one nor B.</exception>
    public static Tensor Compute(Tensor sample, Tensor mean, LogProbReduction reduction, params ReadOnlySpan<double> std)
    {
        foreach (var value in std)
        {
            if (!(value > 0))
                throw new ArgumentException($"A transition without noise has no log-probability: standard deviation {value}.", nameof(std));
        }

        using var scope = NewDisposeScope();
        var inverse = PerImage.Coefficients(std, mean, value => 1 / value);
        var z = ((sample.detach() - mean) * inverse).flatten(1);                 // [B, d]
        var quadratic = (z * z).mean([1L]);                                       // [B]
        var logProb = Kept(-0.5) * quadratic - PerImage.Coefficients(std, quadratic, value => Math.Log(value) + HalfLogTwoPi);
        return (reduction == LogProbReduction.Sum ? logProb * Kept(z.shape[1]) : logProb).MoveToOuterDisposeScope();
    }
}

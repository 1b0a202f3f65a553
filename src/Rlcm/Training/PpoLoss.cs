using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>What the clipped loss needs to know besides the data.</summary>
/// <param name="ClipRange">eps: the ratio counts within [1 - eps, 1 + eps]. 1e-4 in the paper, which belongs to mean log-probabilities.</param>
/// <param name="AdvantageClip">Advantages are clamped to plus and minus this; 10 in the paper.</param>
/// <param name="Reduction">How the log-probabilities were reduced over the latent dimensions.</param>
/// <param name="LatentDimensions">d, the number of those dimensions; enters with <see cref="LogProbReduction.Sum"/> only.</param>
/// <param name="KlCoefficient">Weight of <see cref="ReferenceKl"/> beside the clipped loss; above 0, the trajectory must have all reference means.</param>
/// <param name="KlThreshold">Divergence of a step of an image that costs nothing.</param>
public sealed record PpoSettings(double ClipRange, double AdvantageClip, LogProbReduction Reduction, long LatentDimensions, double KlCoefficient = 0, double KlThreshold = 0);

/// <summary>Diagnostics of the loss, all per latent dimension (for sums: of log r / d), so that both reductions compare.</summary>
/// <param name="Loss">The loss's value, with the weighted penalty on the divergence from the base model where there is one.</param>
/// <param name="RatioMean">Mean of r.</param>
/// <param name="ClipFraction">Share of entries with |r - 1| above the clip range.</param>
/// <param name="ApproxKl">Half the mean square of log r.</param>
/// <param name="ReferenceKl">Divergence from the base model; null where no means of it are there.</param>
/// <param name="Compared">Share of the pictures for which that divergence was measured.</param>
public sealed record PpoMetrics(double Loss, double RatioMean, double ClipFraction, double ApproxKl, double? ReferenceKl = null, double Compared = 0)
{
    /// <summary>Means over parts with equally many pictures; the divergence counts for as many as were compared.</summary>
    internal static PpoMetrics Mean(IReadOnlyList<PpoMetrics> parts)
    {
        var compared = parts.Average(part => part.Compared);
        return new(
            parts.Average(part => part.Loss),
            parts.Average(part => part.RatioMean),
            parts.Average(part => part.ClipFraction),
            parts.Average(part => part.ApproxKl),
            compared > 0 ? parts.Average(part => part.Compared * (part.ReferenceKl ?? 0)) / compared : null,
            compared);
    }
}

/// <summary>The clipped policy-gradient loss (Schulman et al. 2017, eq. 7; as in ddpo-pytorch and rlcm).</summary>
public static class PpoLoss
{
    /// <summary>
    /// Mean over the entries of max(-A r, -A clip(r, 1 - eps, 1 + eps)) with A clamped and r = exp(log p - log p_old). For summed
    /// log-probabilities log r is clipped to d ln(1 -+ eps), which is the same region per dimension.
    /// </summary>
    /// <param name="logProb">Log-probabilities under the policy being trained, [B]; the only input that receives a gradient.</param>
    /// <param name="oldLogProb">Those fixed at collection, [B].</param>
    /// <param name="advantage">A, [B].</param>
    /// <param name="settings">Clip ranges and the reduction.</param>
    /// <returns>The scalar loss and its diagnostics.</returns>
    /// <exception cref="ArgumentException">The three shapes differ.</exception>
    public static (Tensor Loss, PpoMetrics Metrics) Compute(Tensor logProb, Tensor oldLogProb, Tensor advantage, PpoSettings settings)
    {
        var shape = logProb.shape;
        if (!shape.SequenceEqual(oldLogProb.shape) || !shape.SequenceEqual(advantage.shape))
            throw new ArgumentException("Log-probabilities, old log-probabilities and advantages must have one shape.", nameof(logProb));

        using var scope = NewDisposeScope();
        var clamped = advantage.detach().clamp(Kept(-settings.AdvantageClip), Kept(settings.AdvantageClip));
        var logRatio = logProb - oldLogProb.detach();
        var ratio = logRatio.exp();
        var clipped = settings.Reduction == LogProbReduction.Mean
            ? ratio.clamp(Kept(1 - settings.ClipRange), Kept(1 + settings.ClipRange))
            : logRatio.clamp(Kept(settings.LatentDimensions * Math.Log(1 - settings.ClipRange)), Kept(settings.LatentDimensions * Math.Log(1 + settings.ClipRange))).exp();
        var loss = maximum(-clamped * ratio, -clamped * clipped).mean();
        return (loss.MoveToOuterDisposeScope(), Measure(loss, logRatio, settings));
    }

    private static PpoMetrics Measure(Tensor loss, Tensor logRatio, PpoSettings settings)
    {
        var dimensions = settings.Reduction == LogProbReduction.Sum ? settings.LatentDimensions : 1;
        var values = logRatio.detach().cpu().to(ScalarType.Float64).data<double>().ToArray();
        double ratios = 0, squares = 0, outside = 0;
        foreach (var value in values)
        {
            var perDimension = value / dimensions;
            var ratio = Math.Exp(perDimension);
            ratios += ratio;
            squares += perDimension * perDimension;
            outside += Math.Abs(ratio - 1) > settings.ClipRange ? 1 : 0;
        }

        return new PpoMetrics(loss.ToNumber(), ratios / values.Length, outside / values.Length, 0.5 * squares / values.Length);
    }
}

namespace Rlcm.Comparison;

/// <summary>
/// Time by counting: U-Net evaluations times a rate that was measured once, so that what else a machine did while a run was trained does not
/// count. Evaluations in sampling and in training count alike; the rate is their mean over whole updates.
/// </summary>
/// <param name="SecondsPerEvaluation">Seconds of training by U-Net evaluations of one latent.</param>
public readonly record struct EvaluationClock(double SecondsPerEvaluation)
{
    /// <summary>The seconds that <paramref name="evaluations"/> take.</summary>
    public double Seconds(long evaluations) => evaluations * SecondsPerEvaluation;

    /// <summary>The seconds until <paramref name="point"/>.</summary>
    /// <exception cref="InvalidOperationException">Its run did not count them.</exception>
    public double Seconds(CurvePoint point) =>
        Seconds(point.UnetEvaluations ?? throw new InvalidOperationException($"The U-Net evaluations until update {point.Update} were not counted; ask {nameof(RunCurve.Has)} first."));
}

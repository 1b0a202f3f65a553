namespace Rlcm.Comparison;

/// <summary>What the progress of a run is counted in.</summary>
public enum CurveAxis
{
    /// <summary>Seconds of training, without evaluations.</summary>
    Time,

    /// <summary>Pictures scored for training.</summary>
    Queries,

    /// <summary>Updates of the policy.</summary>
    Updates,

    /// <summary>U-Net evaluations of one latent, those of sampling and of training alike.</summary>
    Evaluations,
}

/// <summary>How far a run was, and what its pictures were worth there.</summary>
/// <param name="Update">Updates done; 0 is the untuned model.</param>
/// <param name="Queries">Pictures scored for training until then.</param>
/// <param name="Seconds">Time spent on training until then.</param>
/// <param name="SamplingEvaluations">U-Net evaluations without gradient until then; null where the run did not count them.</param>
/// <param name="TrainingEvaluations">The same with a backward pass.</param>
/// <param name="RewardMean">Mean reward of the pictures.</param>
/// <param name="RewardStd">Population standard deviation of the same.</param>
/// <param name="Images">Number of pictures.</param>
/// <param name="RecognizedShare">Share of animal pictures that show the animal asked for; null where that was not measured.</param>
public sealed record CurvePoint(
    int Update, long Queries, double Seconds, long? SamplingEvaluations, long? TrainingEvaluations, double RewardMean, double RewardStd, int Images,
    double? RecognizedShare)
{
    /// <summary>U-Net evaluations of one latent until then, with gradient and without; null where the run did not count them.</summary>
    public long? UnetEvaluations => SamplingEvaluations + TrainingEvaluations;

    /// <summary>How far the run was by <paramref name="axis"/>, time in seconds; null where it did not count that.</summary>
    public double? On(CurveAxis axis) => axis switch
    {
        CurveAxis.Time => Seconds,
        CurveAxis.Queries => Queries,
        CurveAxis.Updates => Update,
        CurveAxis.Evaluations => UnetEvaluations,
        _ => throw new ArgumentOutOfRangeException(nameof(axis)),
    };
}

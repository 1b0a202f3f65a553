using Rlcm.Comparison;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction;

/// <summary>How far the runs of an arm raised the reward above where each of them began.</summary>
/// <param name="Runs">The runs, which differ in their seed alone.</param>
/// <param name="ByMinutes">The rewards of each over training time.</param>
/// <param name="ByQueries">The same over reward queries.</param>
internal sealed record GainCurve(IReadOnlyList<RunResult> Runs, IReadOnlyList<Curve> ByMinutes, IReadOnlyList<Curve> ByQueries)
{
    /// <summary>Mean gain and interval over training time.</summary>
    public IReadOnlyList<SeedPoint> Minutes => Mean(ByMinutes);

    /// <summary>Mean gain and interval over reward queries.</summary>
    public IReadOnlyList<SeedPoint> Queries => Mean(ByQueries);

    /// <summary>The gain at the end.</summary>
    public Estimate Final => Queries[^1].Value;

    /// <summary>Share of the last evaluation's animals that are recognized, the mean of the seeds; null where it was not measured in all.</summary>
    public double? Recognized => Runs.Select(run => run.Curve.End.RecognizedShare).ToArray() is var shares && !shares.Contains(null) ? shares.Average() : null;

    /// <summary><see cref="RunResult.RecognizableGain"/>; null where it was not measured in all runs.</summary>
    public Estimate? RecognizableGain => Runs.Select(run => run.RecognizableGain).ToArray() is var gains && !gains.Contains(null) ? SeedMean.OfValues([.. gains.OfType<double>()]) : null;

    /// <summary>The curve of <paramref name="runs"/>, at least one.</summary>
    /// <exception cref="Runtime.UserErrorException">They were not evaluated after the same updates.</exception>
    public static GainCurve Of(IReadOnlyList<RunResult> runs)
    {
        RunCurve[] curves = [.. runs.Select(run => run.Curve)];
        return new(runs, SeedCurves.Of(curves, runs[0].Minutes), SeedCurves.Of(curves, point => point.Queries));
    }

    private static IReadOnlyList<SeedPoint> Mean(IReadOnlyList<Curve> seeds) => SeedMean.Of([.. seeds.Select(seed => seed.Gain())]).Points;
}

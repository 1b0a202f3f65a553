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

    /// <summary>Whether there is a gain that others can be compared by: at the end, which is chosen beforehand, its interval over seeds is above 0, or the gain of a single seed.</summary>
    public bool IsClear => (Final.Interval?.Low ?? Final.Mean) > 0;

    /// <summary>Share of the first evaluation's animals that are recognized, the mean of the seeds; null where it was not measured in all.</summary>
    public double? RecognizedBefore => Mean(Runs.Select(run => run.Curve.Start.RecognizedShare));

    /// <summary>The same of the last evaluation.</summary>
    public double? Recognized => Mean(Runs.Select(run => run.Curve.End.RecognizedShare));

    /// <summary><see cref="RunResult.RecognizableGain"/>; null where it was not measured in all runs.</summary>
    public Estimate? RecognizableGain => Runs.Select(run => run.RecognizableGain).ToArray() is var gains && !gains.Contains(null) ? SeedMean.OfValues([.. gains.OfType<double>()]) : null;

    /// <summary>The curve of <paramref name="runs"/>, at least one.</summary>
    /// <exception cref="Runtime.UserErrorException">They were not evaluated after the same updates.</exception>
    public static GainCurve Of(IReadOnlyList<RunResult> runs)
    {
        RunCurve[] curves = [.. runs.Select(run => run.Curve)];
        return new(runs, SeedCurves.Of(curves, runs[0].Minutes), SeedCurves.Of(curves, point => point.Queries));
    }

    /// <summary>The same where each seed reaches a gain, after the minutes of <paramref name="crossings"/>; null where one never does.</summary>
    public double? RecognizedAt(IReadOnlyList<FirstCrossing> crossings) => Mean(Runs.Zip(crossings, (run, crossing) => crossing.X is { } minutes ? run.RecognizedAt(minutes) : null));

    private static double? Mean(IEnumerable<double?> shares)
    {
        double?[] all = [.. shares];
        return all.Contains(null) ? null : all.Average();
    }

    private static IReadOnlyList<SeedPoint> Mean(IReadOnlyList<Curve> seeds) => SeedMean.Of([.. seeds.Select(seed => seed.Gain())]).Points;
}

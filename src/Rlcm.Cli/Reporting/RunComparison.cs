using Rlcm.Comparison;

namespace Rlcm.Cli.Reporting;

/// <summary>A run among others.</summary>
/// <param name="Number">Its place among all, from 0, which its color comes from.</param>
/// <param name="Curve">What it left.</param>
internal sealed record ComparedRun(int Number, RunCurve Curve)
{
    /// <summary>How many letters there are.</summary>
    public const int Letters = 26;

    /// <summary>The letter that stands for it in the terminal.</summary>
    public char Letter => (char)('a' + Number);
}

/// <summary>Runs of one reward beside each other.</summary>
/// <param name="Runs">At least one, all of the same reward.</param>
/// <param name="Axis">What they are compared by.</param>
/// <param name="IsGain">Whether each is measured from its own start.</param>
internal sealed record RunComparison(IReadOnlyList<ComparedRun> Runs, CurveAxis Axis, bool IsGain)
{
    private const double SecondsOfMinute = 60;

    /// <summary>The reward and its unit, or the gain in it.</summary>
    public string Title => $"{(IsGain ? "gain in " : string.Empty)}{Runs[0].Curve.Reward.Title}";

    /// <summary>What the axis is called.</summary>
    public string AxisTitle => Axis switch
    {
        CurveAxis.Time => "minutes of training",
        CurveAxis.Queries => "reward queries",
        CurveAxis.Updates => "updates",
        _ => "U-Net evaluations",
    };

    /// <summary>A comparison for each reward, in the order of the runs.</summary>
    public static IReadOnlyList<RunComparison> ByReward(IReadOnlyList<RunCurve> curves, CurveAxis axis, bool isGain) =>
        [.. curves.Select((curve, index) => new ComparedRun(index, curve)).GroupBy(run => run.Curve.Reward).Select(runs => new RunComparison([.. runs], axis, isGain))];

    /// <summary>Where the evaluations of <paramref name="run"/> are drawn.</summary>
    public IReadOnlyList<(double X, double Y)> Evaluations(ComparedRun run) => Places(run, run.Curve.Evaluations);

    /// <summary>Where its updates are drawn.</summary>
    public IReadOnlyList<(double X, double Y)> Training(ComparedRun run) => Places(run, run.Curve.Training);

    private (double X, double Y)[] Places(ComparedRun run, IReadOnlyList<CurvePoint> points) =>
        [.. points.Where(point => point.On(Axis) is not null).Select(point => (X(point), point.RewardMean - (IsGain ? run.Curve.Start.RewardMean : 0)))];

    private double X(CurvePoint point) => point.On(Axis)!.Value / (Axis == CurveAxis.Time ? SecondsOfMinute : 1);
}

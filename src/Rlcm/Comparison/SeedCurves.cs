using Rlcm.Runtime;

namespace Rlcm.Comparison;

/// <summary>The evaluations of runs that differ by their seeds alone, as curves.</summary>
public static class SeedCurves
{
    /// <summary>The mean evaluation rewards of <paramref name="seeds"/> over <paramref name="x"/>, a curve for each, fit for <see cref="SeedMean"/>.</summary>
    /// <param name="seeds">The runs; one may end before another.</param>
    /// <param name="x">Where an evaluation lies: seconds, queries, the time of an <see cref="EvaluationClock"/>.</param>
    /// <exception cref="UserErrorException">Two of them were not evaluated after the same updates, as far as both go.</exception>
    /// <exception cref="ArgumentException">An x does not ascend.</exception>
    public static IReadOnlyList<Curve> Of(IReadOnlyList<RunCurve> seeds, Func<CurvePoint, double> x)
    {
        foreach (var seed in seeds.Skip(1))
        {
            foreach (var (point, expected) in seed.Evaluations.Zip(seeds[0].Evaluations).Where(pair => pair.First.Update != pair.Second.Update))
                throw new UserErrorException($"The run {seed.Path} was evaluated after update {point.Update}, expected {expected.Update} as of {seeds[0].Path}; compare runs of one configuration that differ by their seeds.");
        }

        return [.. seeds.Select(seed => new Curve([.. seed.Evaluations.Select(x)], [.. seed.Evaluations.Select(point => point.RewardMean)]))];
    }
}

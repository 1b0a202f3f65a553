using Rlcm.Runtime;

namespace Rlcm.Diffusion;

/// <summary>What happens after the last network call of a rollout, whose consistency output is the image.</summary>
public enum FinalStep
{
    /// <summary>The last step adds no noise and is not scored: H - 1 scored steps.</summary>
    Deterministic,

    /// <summary>As the released RLCM code: noise of the last timestep's own level is added and scored, though never decoded. H scored steps.</summary>
    AsReleased,
}

/// <summary>Step i of a rollout: x_{i+1} ~ N(sqrt(a'_i) f(x_i), (1 - a'_i) I).</summary>
/// <param name="Level">t_i and a_i, where the network is called.</param>
/// <param name="Next">The level that the transition leads to: a'_i. <see cref="NoiseLevel.Clean"/> after a deterministic last step.</param>
/// <param name="IsNoised">Whether noise is added to the mean.</param>
/// <param name="IsScored">Whether the transition has a log-probability that is trained.</param>
public readonly record struct LcmStep(NoiseLevel Level, NoiseLevel Next, bool IsNoised, bool IsScored);

/// <summary>All steps of a rollout of horizon H, fixed before it starts.</summary>
public sealed record LcmPlan
{
    private LcmPlan(IReadOnlyList<LcmStep> steps) => Steps = steps;

    /// <summary>The H steps, noisiest first.</summary>
    public IReadOnlyList<LcmStep> Steps { get; }

    /// <summary>H, the number of network calls.</summary>
    public int Horizon => Steps.Count;

    /// <summary>How many steps have a trained log-probability: they are the first ones.</summary>
    public int ScoredSteps => Steps.Count(step => step.IsScored);

    /// <summary>Lays out the steps of a rollout, the last one as <paramref name="finalStep"/> says.</summary>
    /// <exception cref="UserErrorException">The horizon or the origin steps are out of range.</exception>
    public static LcmPlan Create(
        NoiseSchedule schedule, int horizon, LcmGrid grid, FinalStep finalStep, int originSteps = LcmTimesteps.DefaultOriginSteps)
    {
        var levels = LcmTimesteps.Create(horizon, grid, originSteps, schedule.TrainTimesteps).Select(timestep => schedule[timestep]).ToArray();
        var steps = new LcmStep[horizon];
        for (var i = 0; i < horizon - 1; i++)
            steps[i] = new LcmStep(levels[i], levels[i + 1], IsNoised: true, IsScored: true);
        steps[^1] = finalStep == FinalStep.AsReleased
            ? new LcmStep(levels[^1], levels[^1], IsNoised: horizon > 1, IsScored: true)
            : new LcmStep(levels[^1], NoiseLevel.Clean, IsNoised: false, IsScored: false);
        return new LcmPlan(steps);
    }
}

using Rlcm.Runtime;

namespace Rlcm.Diffusion;

/// <summary>What happens after the last network call of a rollout, whose consistency output is the image.</summary>
public enum FinalStep
{
    /// <summary>The last step adds no noise and is not scored: H - 1 scored steps.</summary>
    Deterministic,

    /// <summary>As the released RLCM code: noise of the last timestep's own level is added and scored, though never decoded. H scored steps.</summary>
    AsReleased,

    /// <summary>
    /// The last step is an action like the others: while training, noise of a deviation to be chosen is added, scored and decoded, so that the
    /// reward sees what it changed. Pictures for anything else are decoded from the mean. H scored steps.
    /// </summary>
    Decoded,
}

/// <summary>Step i of a rollout: x_{i+1} ~ N(sqrt(a'_i) f(x_i), (1 - a'_i) I).</summary>
/// <param name="Level">t_i and a_i, where the network is called.</param>
/// <param name="Next">The level that the transition leads to: a'_i. <see cref="NoiseLevel.Clean"/> after a last step that is deterministic or decoded.</param>
/// <param name="IsNoised">Whether noise is added to the mean.</param>
/// <param name="IsScored">Whether the transition has a log-probability that is trained.</param>
public readonly record struct LcmStep(NoiseLevel Level, NoiseLevel Next, bool IsNoised, bool IsScored)
{
    /// <summary>Standard deviation of the transition: sqrt(1 - a'_i), but for a decoded last step.</summary>
    public double Std { get; init; } = Next.Noise;
}

/// <summary>All steps of a rollout of horizon H, fixed before it starts.</summary>
public sealed record LcmPlan
{
    private LcmPlan(IReadOnlyList<LcmStep> steps) => (Steps, ScoredSteps) = (steps, [.. Enumerable.Range(0, steps.Count).Where(step => steps[step].IsScored)]);

    /// <summary>The H steps, noisiest first.</summary>
    public IReadOnlyList<LcmStep> Steps { get; }

    /// <summary>H, the number of network calls.</summary>
    public int Horizon => Steps.Count;

    /// <summary>Indices of the steps whose log-probability is trained, in order.</summary>
    public IReadOnlyList<int> ScoredSteps { get; }

    /// <summary>How many steps of a rollout of <paramref name="horizon"/> steps have a log-probability.</summary>
    public static int MostScoredSteps(int horizon, FinalStep finalStep) => finalStep == FinalStep.Deterministic ? horizon - 1 : horizon;

    /// <summary>Lays out the steps of a rollout, the last one as <paramref name="finalStep"/> says.</summary>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="horizon">H.</param>
    /// <param name="grid">Which timesteps.</param>
    /// <param name="finalStep">What the last step does.</param>
    /// <param name="originSteps">Steps of the grid that the model was distilled on.</param>
    /// <param name="finalNoise">Standard deviation of the noise of a decoded last step.</param>
    /// <param name="scoredSteps">How many steps are scored, counted from the last that can be; null: all that can be.</param>
    /// <exception cref="UserErrorException">The horizon or the origin steps are out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer steps to score, or a decoded last step has no noise.</exception>
    public static LcmPlan Create(
        NoiseSchedule schedule, int horizon, LcmGrid grid, FinalStep finalStep, int originSteps = LcmTimesteps.DefaultOriginSteps, double finalNoise = 0, int? scoredSteps = null)
    {
        var levels = LcmTimesteps.Create(horizon, grid, originSteps, schedule.TrainTimesteps).Select(timestep => schedule[timestep]).ToArray();
        var steps = new LcmStep[horizon];
        var scorable = MostScoredSteps(horizon, finalStep);
        if (scoredSteps < 1 || scoredSteps > scorable)
            throw new ArgumentOutOfRangeException(nameof(scoredSteps), scoredSteps, $"Expected 1 to {scorable}.");
        if (finalStep == FinalStep.Decoded && !(finalNoise > 0))
            throw new ArgumentOutOfRangeException(nameof(finalNoise), finalNoise, "A decoded last step needs noise.");
        var firstScored = scorable - (scoredSteps ?? scorable);
        for (var i = 0; i < horizon - 1; i++)
            steps[i] = new LcmStep(levels[i], levels[i + 1], IsNoised: true, IsScored: i >= firstScored);
        steps[^1] = finalStep switch
        {
            FinalStep.AsReleased => new LcmStep(levels[^1], levels[^1], IsNoised: horizon > 1, IsScored: true),
            FinalStep.Decoded => new LcmStep(levels[^1], NoiseLevel.Clean, IsNoised: true, IsScored: true) { Std = finalNoise },
            _ => new LcmStep(levels[^1], NoiseLevel.Clean, IsNoised: false, IsScored: false),
        };
        return new LcmPlan(steps);
    }
}

using System.Globalization;
using Rlcm.Diffusion;

namespace Rlcm.Training;

/// <summary>The rules of a configuration that concern how a model is sampled by the algorithm.</summary>
public static class AlgorithmRules
{
    private static readonly TrainConfig Defaults = new();

    /// <summary>Keys that one of the algorithms alone uses, and whether a configuration asks for something by them.</summary>
    private static readonly (string Key, TrainAlgorithm Algorithm, Func<TrainConfig, bool> IsGiven)[] KeysOfAlgorithms =
    [
        ("lcmLora", TrainAlgorithm.Rlcm, config => config.LcmLora is not null),
        ("originSteps", TrainAlgorithm.Rlcm, config => config.OriginSteps != Defaults.OriginSteps),
        ("grid", TrainAlgorithm.Rlcm, config => config.Grid != Defaults.Grid),
        ("finalStep", TrainAlgorithm.Rlcm, config => config.FinalStep != Defaults.FinalStep),
        ("finalNoise", TrainAlgorithm.Rlcm, config => config.FinalNoise != Defaults.FinalNoise),
        ("eta", TrainAlgorithm.Ddpo, config => config.Eta != Defaults.Eta),
    ];

    /// <summary>Whether <paramref name="key"/> of a configuration means anything to <paramref name="algorithm"/>.</summary>
    public static bool IsUsedBy(TrainAlgorithm algorithm, string key) => KeysOfAlgorithms.All(entry => entry.Key != key || entry.Algorithm == algorithm);

    /// <summary>How many steps of a picture can be scored at most; one fewer where a model's last DDIM step has no noise.</summary>
    public static int MostScoredSteps(TrainConfig config) =>
        config.Algorithm == TrainAlgorithm.Ddpo ? config.Horizon : LcmPlan.MostScoredSteps(config.Horizon, config.FinalStep);

    /// <summary>The conflicts of <paramref name="config"/>.</summary>
    internal static IEnumerable<TrainConfigConflict> Check(TrainConfig config) =>
    [
        .. KeysOfAlgorithms.Where(entry => entry.Algorithm != config.Algorithm && entry.IsGiven(config)).Select(entry => Foreign(entry.Key, entry.Algorithm, config.Algorithm)),
        .. config.Algorithm == TrainAlgorithm.Rlcm ? CheckConsistencyModel(config) : CheckDiffusionModel(config),
    ];

    private static TrainConfigConflict Foreign(string key, TrainAlgorithm owner, TrainAlgorithm algorithm) =>
        new([key, "algorithm"], $"{key} belongs to algorithm {Name(owner)}, and the algorithm is {Name(algorithm)}; leave it out, or start from a preset of {Name(algorithm)} ({(algorithm == TrainAlgorithm.Ddpo ? "ddpo" : "quick")})");

    private static string Name(TrainAlgorithm algorithm) => algorithm == TrainAlgorithm.Ddpo ? "ddpo" : "rlcm";

    private static IEnumerable<TrainConfigConflict> CheckDiffusionModel(TrainConfig config)
    {
        if (config.ScoredSteps > config.Horizon)
            yield return new(["scoredSteps", "horizon"], $"expected at most the {config.Horizon} steps of a picture, found {config.ScoredSteps}; lower scoredSteps");
    }

    private static IEnumerable<TrainConfigConflict> CheckConsistencyModel(TrainConfig config)
    {
        if (config.Horizon < 2 && config.FinalStep == FinalStep.Deterministic)
            yield return new(["horizon", "finalStep"], $"a deterministic final step is not scored, so that horizon {config.Horizon} leaves nothing to train; set horizon to 2 or more, or finalStep to decoded");
        else if (config.Horizon < 2 && config.FinalStep == FinalStep.AsReleased)
            yield return new(["horizon", "finalStep"], "a single step as released adds no noise, so that there is nothing to learn from; set horizon to 2 or more, or finalStep to decoded");
        else if (config.ScoredSteps > LcmPlan.MostScoredSteps(config.Horizon, config.FinalStep))
            yield return new(["scoredSteps", "horizon", "finalStep"], $"expected at most {LcmPlan.MostScoredSteps(config.Horizon, config.FinalStep)}, of the {config.Horizon} steps those that add noise, found {config.ScoredSteps}; lower scoredSteps, or set finalStep to decoded");
        if (config.FinalStep == FinalStep.AsReleased && config.ScoredSteps == 1 && config.Horizon > 1)
            yield return new(["scoredSteps", "finalStep"], "the one scored step would be the last, whose noise is never decoded, so that no reward depends on it; set scoredSteps to 2 or more, or finalStep to decoded");
        if (config.FinalStep == FinalStep.Decoded && config.FinalNoise == 0)
            yield return new(["finalNoise", "finalStep"], "a decoded final step explores by its noise, and finalNoise is 0; set finalNoise to about a third of the latents' deviation, 0.3");
        if (config.FinalStep != FinalStep.Decoded && config.FinalNoise > 0)
            yield return new(["finalNoise", "finalStep"], $"finalNoise {config.FinalNoise.ToString(CultureInfo.InvariantCulture)} is added only where the final step is decoded; set finalStep to decoded or finalNoise to 0");
        if (config.Horizon > config.OriginSteps)
            yield return new(["horizon", "originSteps"], $"horizon {config.Horizon} exceeds the {config.OriginSteps} origin steps; set horizon to {config.OriginSteps} or less");
        if (config.LcmLora is not null && config.GuidanceScale != 1)
            yield return new(["guidanceScale", "lcmLora"], $"Stable Diffusion with an LCM-LoRA has no guidance embedding, so that the scale has to be 1, found {config.GuidanceScale.ToString(CultureInfo.InvariantCulture)}; set guidanceScale to 1");
    }
}

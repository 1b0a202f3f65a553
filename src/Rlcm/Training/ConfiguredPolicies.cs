using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The model of a configuration as a policy: for training, and for pictures at any number of steps.</summary>
internal sealed class ConfiguredPolicies(TrainConfig config, TextToImageModel model)
{
    /// <summary>The policy that is trained.</summary>
    /// <exception cref="UserErrorException">The model is not of the algorithm's kind, or cannot be sampled so.</exception>
    public IStepPolicy ForTraining() => config.Algorithm == TrainAlgorithm.Ddpo
        ? new DdimPolicy(model, Diffusion(config.Horizon) with { ScoredSteps = config.ScoredSteps })
        : new LcmPolicy(model, Consistency(config.Horizon) with { FinalStep = config.FinalStep, FinalNoise = config.FinalNoise, ScoredSteps = config.ScoredSteps });

    /// <summary>The policy that draws pictures in <paramref name="horizon"/> steps.</summary>
    public IStepPolicy ForPictures(int horizon) => config.Algorithm == TrainAlgorithm.Ddpo
        ? new DdimPolicy(model, Diffusion(horizon))
        : new LcmPolicy(model, Consistency(horizon));

    /// <summary>The numbers of steps of the run's report.</summary>
    public IReadOnlyList<int> ReportedHorizons => config.Algorithm == TrainAlgorithm.Ddpo
        ? [.. PolicyEvaluator.DiffusionHorizons.Where(horizon => horizon < config.Horizon), config.Horizon]
        : [.. PolicyEvaluator.Horizons.Where(horizon => horizon <= config.OriginSteps)];

    private LcmPolicySettings Consistency(int horizon) => new(horizon, config.GuidanceScale, config.Grid, FinalStep.Deterministic, config.OriginSteps) { Height = config.Height, Width = config.Width };

    private DdimPolicySettings Diffusion(int horizon) => new(horizon, config.GuidanceScale, config.Eta) { Height = config.Height, Width = config.Width };
}

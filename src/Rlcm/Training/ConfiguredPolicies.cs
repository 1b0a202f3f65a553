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
    /// <exception cref="UserErrorException">The model is not of the algorithm's kind, cannot be sampled so, or explores in no step.</exception>
    public IStepPolicy ForTraining()
    {
        var policy = Scored();
        return policy.ScoredSteps.Count > 0 ? policy
            : throw new UserErrorException($"horizon: expected steps that add noise, found none of {config.Horizon}, since the model's last DDIM step leads to no noise at all (set_alpha_to_one); set horizon to 2 or more.");
    }

    private IStepPolicy Scored() => config.Algorithm == TrainAlgorithm.Ddpo
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

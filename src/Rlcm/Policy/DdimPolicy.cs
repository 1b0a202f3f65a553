using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Policy;

/// <summary>How a diffusion model is sampled.</summary>
/// <param name="Horizon">H, the number of steps.</param>
/// <param name="GuidanceScale">Classifier-free guidance; 1 is none, for which the network is called once a step instead of twice.</param>
/// <param name="Eta">eta: 0 is the deterministic sampler, 1 has DDPM's variance.</param>
public sealed record DdimPolicySettings(int Horizon, double GuidanceScale, double Eta = 1)
{
    /// <summary>How many steps are scored, counted from the last that can be; null: all that can be.</summary>
    public int? ScoredSteps { get; init; }

    /// <summary>Height of the pictures; null: as the model was trained.</summary>
    public int? Height { get; init; }

    /// <summary>Width of the pictures; null: as the model was trained.</summary>
    public int? Width { get; init; }
}

/// <summary>
/// A diffusion model as a policy, by DDIM sampling with noise (Black et al. 2024, section 4.2; <c>ddim_step_with_logprob</c> of ddpo-pytorch):
/// x_{i+1} ~ N(sqrt(a') x0 + sqrt(1 - a' - sigma^2) eps, sigma^2 I) with classifier-free guidance in sampling and in training; picture = decode x_H.
/// </summary>
public sealed class DdimPolicy : IStepPolicy
{
    private readonly TextToImageModel _model;
    private readonly IReadOnlyList<DdimStep> _steps;
    private readonly DdimPolicySettings _settings;

    /// <summary>Looks at <paramref name="model"/> as a policy.</summary>
    /// <exception cref="UserErrorException">The model is a consistency model, the steps do not fit into its noise schedule, or fewer have noise than are to be scored.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No step or fewer are to be scored.</exception>
    public DdimPolicy(TextToImageModel model, DdimPolicySettings settings)
    {
        if (model.Scheduler.ClassName == SchedulerConfig.Lcm || model.HasGuidanceEmbedding)
            throw new UserErrorException($"model: expected a diffusion model (scheduler {SchedulerConfig.Ddim}) to sample by DDIM, found a consistency model; use models/emoji-teacher or a Stable Diffusion 1.x, or --algorithm rlcm.");
        (_model, _settings) = (model, settings);
        _steps = DdimScheduler.CreateSteps(model.Scheduler.CreateNoiseSchedule(), settings.Horizon, model.Scheduler.StepsOffset, model.Scheduler.SetAlphaToOne);
        int[] noised = [.. Enumerable.Range(0, settings.Horizon).Where(IsNoised)];
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.ScoredSteps ?? 1, nameof(settings));
        if (settings.ScoredSteps > noised.Length)
            throw new UserErrorException($"scoredSteps: expected at most {noised.Length}, of the {settings.Horizon} steps of a picture those that add noise, found {settings.ScoredSteps}; lower scoredSteps.");
        ScoredSteps = noised[^(settings.ScoredSteps ?? noised.Length)..];
        StateShape = LatentShape.Of(model, settings.Height, settings.Width);
    }

    private bool IsGuided => _settings.GuidanceScale != 1;

    /// <inheritdoc/>
    public int Horizon => _settings.Horizon;

    /// <inheritdoc/>
    public IReadOnlyList<int> ScoredSteps { get; }

    /// <inheritdoc/>
    public IReadOnlyList<long> StateShape { get; }

    /// <inheritdoc/>
    public int EvaluationsPerStep => IsGuided ? 2 : 1;

    /// <summary>Embeddings of prompts [N, S, D]; with guidance those of the empty prompt in front of them, [N, 2, S, D].</summary>
    public Tensor Encode(IReadOnlyList<string> prompts)
    {
        using var scope = NewDisposeScope();
        var text = _model.EncodePrompts(prompts);
        return (IsGuided ? stack([_model.EncodePrompts([""]).expand_as(text), text], dim: 1) : text).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Start(Tensor noise) => noise;

    /// <inheritdoc/>
    public bool IsNoised(int step) => Std(step) > 0;

    /// <inheritdoc/>
    public bool DecodesNoise => true;

    /// <inheritdoc/>
    public double Std(int step) => _steps[step].Std(_settings.Eta);

    /// <summary>As <see cref="IStepPolicy.Evaluate"/>; the sample that would be decoded is the mean.</summary>
    public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
    {
        using var scope = NewDisposeScope();
        var mean = DdimScheduler.Mean(states, Epsilon(states, step, condition), _settings.Eta, _steps[step]);
        return new(mean.alias().MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public ImageBatch Decode(Tensor samples) => _model.Decode(samples);

    /// <summary>The predicted noise, guided: both predictions in one call of the network.</summary>
    private Tensor Epsilon(Tensor states, int step, Tensor condition)
    {
        using var scope = NewDisposeScope();
        var timesteps = full(EvaluationsPerStep * states.shape[0], Kept((long)_steps[step].From.Timestep), ScalarType.Int64, states.device);
        if (!IsGuided)
            return _model.Unet.forward(new(states, timesteps, condition, GuidanceEmbedding: null)).MoveToOuterDisposeScope();
        var text = cat([condition.select(1, 0), condition.select(1, 1)]);
        var parts = _model.Unet.forward(new(cat([states, states]), timesteps, text, GuidanceEmbedding: null)).chunk(2);
        return EpsilonPrediction.Guide(parts[0], parts[1], _settings.GuidanceScale).MoveToOuterDisposeScope();
    }
}

using Rlcm.Diffusion;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Policy;

/// <summary>How a latent consistency model is sampled.</summary>
/// <param name="Horizon">H, the number of steps.</param>
/// <param name="GuidanceScale">Embedded guidance scale; 1 is no guidance.</param>
/// <param name="Grid">Which timesteps.</param>
/// <param name="FinalStep">What the last step does.</param>
/// <param name="OriginSteps">Steps of the grid that the model was distilled on.</param>
public sealed record LcmPolicySettings(
    int Horizon, double GuidanceScale, LcmGrid Grid = LcmGrid.Diffusers, FinalStep FinalStep = FinalStep.Deterministic, int OriginSteps = LcmTimesteps.DefaultOriginSteps)
{
    /// <summary>Standard deviation of the last step's noise where that is <see cref="FinalStep.Decoded"/>.</summary>
    public double FinalNoise { get; init; }

    /// <summary>How many steps are scored, counted from the last that can be; null: all that can be.</summary>
    public int? ScoredSteps { get; init; }

    /// <summary>Height of the pictures; null: as the model was trained.</summary>
    public int? Height { get; init; }

    /// <summary>Width of the pictures; null: as the model was trained.</summary>
    public int? Width { get; init; }
}

/// <summary>
/// A latent consistency model as a policy (Oertell et al. 2024, section 4): x_{i+1} ~ N(sqrt(a'_i) f(x_i), (1 - a'_i) I),
/// picture = decode f(x_{H-1}), or decode x_H where the last step's noise is to be seen by the reward.
/// </summary>
public sealed class LcmPolicy : IStepPolicy
{
    private readonly TextToImageModel _model;
    private readonly LcmPlan _plan;

    /// <summary>Looks at <paramref name="model"/> as a policy.</summary>
    /// <exception cref="UserErrorException">The model is no latent consistency model, or has no guidance embedding for the guidance asked for.</exception>
    public LcmPolicy(TextToImageModel model, LcmPolicySettings settings)
    {
        if (model.Scheduler.ClassName != SchedulerConfig.Lcm)
            throw new UserErrorException($"model: expected a latent consistency model (scheduler {SchedulerConfig.Lcm}), found {model.Scheduler.ClassName}; give an LCM-LoRA (--lcm-lora), distill it first, or tune it by DDPO (--algorithm ddpo).");
        if (!model.HasGuidanceEmbedding && settings.GuidanceScale != 1)
            throw new UserErrorException($"The model has no guidance embedding, so the scale must be 1, found {settings.GuidanceScale}; set --guidance, in a configuration guidanceScale, to 1.");

        _model = model;
        _plan = LcmPlan.Create(model.Scheduler.CreateNoiseSchedule(), settings.Horizon, settings.Grid, settings.FinalStep, settings.OriginSteps, settings.FinalNoise, settings.ScoredSteps);
        DecodesNoise = settings.FinalStep == FinalStep.Decoded;
        if (model.Unet.Config.TimeCondProjDim is { } width)
        {
            using var embedding = GuidanceEmbedding.Create([settings.GuidanceScale], width);
            Guidance = embedding.data<float>().ToArray();
        }

        StateShape = LatentShape.Of(model, settings.Height, settings.Width);
    }

    /// <summary>The embedded guidance scale. Tests set the original's values: sin(7000 f) magnifies rounding.</summary>
    internal float[]? Guidance { get; set; }

    /// <inheritdoc/>
    public int Horizon => _plan.Horizon;

    /// <inheritdoc/>
    public IReadOnlyList<int> ScoredSteps => _plan.ScoredSteps;

    /// <inheritdoc/>
    public IReadOnlyList<long> StateShape { get; }

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<string> prompts) => _model.EncodePrompts(prompts);

    /// <inheritdoc/>
    public Tensor Start(Tensor noise) => noise;

    /// <inheritdoc/>
    public bool IsNoised(int step) => _plan.Steps[step].IsNoised;

    /// <inheritdoc/>
    public bool DecodesNoise { get; }

    /// <inheritdoc/>
    public double Std(int step) => _plan.Steps[step].Std;

    /// <inheritdoc/>
    public PolicyOutput Evaluate(Tensor states, int step, Tensor condition)
    {
        using var scope = NewDisposeScope();
        var plan = _plan.Steps[step];
        var count = states.shape[0];
        var timesteps = full(count, Kept((long)plan.Level.Timestep), ScalarType.Int64, states.device);
        var guidance = Guidance is null ? null : tensor(Guidance, device: states.device).expand(count, -1);
        var epsilon = _model.Unet.forward(new(states, timesteps, condition, guidance));
        var sample = LcmScheduler.Denoise(states, epsilon, plan.Level);
        var mean = LcmScheduler.Mean(sample, plan.Next);
        return new(sample.MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public ImageBatch Decode(Tensor samples) => _model.Decode(samples);
}

using Rlcm.Models;
using Rlcm.Runtime;

namespace Rlcm.Policy;

/// <summary>How pictures are drawn with a model of either kind.</summary>
/// <param name="Steps">Steps per picture.</param>
/// <param name="GuidanceScale">Guidance scale.</param>
public sealed record SamplingSettings(int Steps, double GuidanceScale)
{
    /// <summary>eta of a diffusion model's DDIM steps; nothing to a consistency model.</summary>
    public double Eta { get; init; }

    /// <summary>Height of the pictures; null: as the model was trained.</summary>
    public int? Height { get; init; }

    /// <summary>Width of the pictures; null: as the model was trained.</summary>
    public int? Width { get; init; }
}

/// <summary>Policies that draw: a consistency model by its few steps, a diffusion model by DDIM (Song et al. 2021).</summary>
public static class SamplingPolicy
{
    /// <summary>The policy of <paramref name="model"/>.</summary>
    /// <exception cref="UserErrorException">The model cannot take so many steps, not with this guidance scale, or not pictures of this size.</exception>
    public static IStepPolicy Of(TextToImageModel model, SamplingSettings settings) => model.Scheduler.IsDiffusion
        ? new DdimPolicy(model, new(settings.Steps, settings.GuidanceScale, settings.Eta) { Height = settings.Height, Width = settings.Width })
        : new LcmPolicy(model, new(settings.Steps, settings.GuidanceScale) { Height = settings.Height, Width = settings.Width });
}

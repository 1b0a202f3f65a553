using Rlcm.Diffusion;

namespace Rlcm.Tests.Diffusion;

/// <summary>Noise schedules of published models.</summary>
internal static class Schedules
{
    /// <summary>Stable Diffusion's: <c>scaled_linear</c>, 0.00085 to 0.012, 1000 steps.</summary>
    public static NoiseSchedule StableDiffusion { get; } = NoiseSchedule.FromConfig(0.00085, 0.012, "scaled_linear", 1000);
}

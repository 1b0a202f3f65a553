using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Unet;

/// <summary>
/// Two linear layers over the sinusoids of the timestep, to which a projection of the guidance embedding is added first
/// (diffusers <c>TimestepEmbedding</c> with <c>time_cond_proj_dim</c>; Luo et al. 2023, section 4.2).
/// </summary>
internal sealed class TimestepEmbedding : Module<Tensor, Tensor?, Tensor>
{
    private readonly LoraLinear linear_1;
    private readonly LoraLinear? cond_proj;
    private readonly LoraLinear linear_2;

    public TimestepEmbedding(long inWidth, long outWidth, long? conditionWidth)
        : base(nameof(TimestepEmbedding))
    {
        linear_1 = new(inWidth, outWidth, hasBias: true);
        cond_proj = conditionWidth is { } width ? new(width, inWidth, hasBias: false) : null;
        linear_2 = new(outWidth, outWidth, hasBias: true);
        RegisterComponents();
    }

    /// <param name="sinusoids">[B, inWidth].</param>
    /// <param name="condition">[B, conditionWidth], or null.</param>
    public override Tensor forward(Tensor sinusoids, Tensor? condition)
    {
        if (condition is not null)
            sinusoids = sinusoids.Plus(cond_proj!.forward(condition));
        return linear_2.forward(functional.silu(linear_1.forward(sinusoids)));
    }

    /// <summary>
    /// Sinusoids of timesteps as U-Nets of Stable Diffusion expect them: cosines, then sines, frequencies 10000^(-k/half)
    /// (diffusers <c>get_timestep_embedding</c> with <c>flip_sin_to_cos=True, downscale_freq_shift=0</c>).
    /// </summary>
    /// <param name="timesteps">[B], any numeric type.</param>
    /// <param name="width">Width of the result, even.</param>
    /// <returns>[B, width] float32.</returns>
    public static Tensor Sinusoids(Tensor timesteps, long width)
    {
        var half = width / 2;
        var frequencies = (arange(Kept(0), Kept(half), Kept(1), ScalarType.Float32, timesteps.device) * Kept(-Math.Log(10000) / half)).exp();
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cat([angles.cos(), angles.sin()], dim: -1);
    }
}

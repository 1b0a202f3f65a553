using Rlcm.Models.Unet;
using Rlcm.Runtime;

namespace Rlcm.Models.Lora;

/// <summary>
/// Adapters that make a diffusion model of the SD 1.x class a latent consistency model (Luo et al. 2023, "LCM-LoRA: A Universal
/// Stable-Diffusion Acceleration Module"; <c>latent-consistency/lcm-lora-sdv1-5</c>). Guidance is distilled in, so the scale is 1.
/// </summary>
internal static class LcmLora
{
    /// <summary>How the model is sampled then.</summary>
    public static GenerationConfig Generation { get; } = new(GuidanceScale: 1, Steps: 4);

    /// <summary>Fuses the file <paramref name="path"/> into a U-Net.</summary>
    /// <returns>The scheduler of the consistency model: the noise schedule of <paramref name="scheduler"/>.</returns>
    /// <exception cref="UserErrorException">The model is a consistency model already, or the file is damaged or made for another one.</exception>
    public static SchedulerConfig FuseInto(UNet2DConditionModel unet, SchedulerConfig scheduler, string path)
    {
        if (unet.Config.TimeCondProjDim is not null)
            throw new UserErrorException("--lcm-lora makes a Stable Diffusion model a consistency model, expected one without a guidance embedding; this model has one and is a consistency model already: leave --lcm-lora out.");
        LoraFusion.Fuse(unet, path);
        return scheduler with { ClassName = SchedulerConfig.Lcm };
    }
}

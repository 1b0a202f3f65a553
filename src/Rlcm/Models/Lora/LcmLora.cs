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

    /// <summary>Returns where a model can become a consistency model.</summary>
    /// <exception cref="UserErrorException">It is one already.</exception>
    public static void RequireDiffusionModel(UNet2DConditionConfig unet, SchedulerConfig scheduler)
    {
        if (unet.TimeCondProjDim is not null || scheduler.ClassName == SchedulerConfig.Lcm)
        {
            throw new UserErrorException(
                "--lcm-lora makes a Stable Diffusion model a consistency model, expected one without a guidance embedding and with another scheduler than "
                + $"{SchedulerConfig.Lcm}; this model has {(unet.TimeCondProjDim is null ? "that scheduler" : "a guidance embedding")} and is a consistency model already: leave --lcm-lora out.");
        }
    }

    /// <summary>Fuses the file <paramref name="path"/> into a U-Net.</summary>
    /// <returns>The scheduler of the consistency model: the noise schedule of <paramref name="scheduler"/>.</returns>
    /// <exception cref="UserErrorException">The file is damaged or made for another model.</exception>
    public static SchedulerConfig FuseInto(UNet2DConditionModel unet, SchedulerConfig scheduler, string path)
    {
        if (AdapterProvenance.Read(path).Task is { } task)
            throw new FileContentException(path, null, $"--lcm-lora {path}: expected an LCM-LoRA, found an adapter that rlcm tuned for {task}; give it as --adapter.");
        LoraFusion.Fuse(unet, path);
        return scheduler with { ClassName = SchedulerConfig.Lcm };
    }
}

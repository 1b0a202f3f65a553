using Rlcm.Models;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Synthetic;

namespace Rlcm.Tests;

/// <summary>Complete models of a few thousand random weights, 16x16 pictures, as a folder in diffusers' layout.</summary>
internal static class TinyModels
{
    public static readonly string[] Prompts = ["a flat cat", "a 3d dog", "a noto fox", "a twemoji owl"];

    public static AutoencoderKLConfig Vae => SyntheticShape.Tiny.Vae;

    /// <summary>A U-Net on latents [4, 4, 4], with or without a guidance embedding.</summary>
    public static UNet2DConditionConfig Unet(bool guided) => guided ? SyntheticShape.Tiny.Unet : SyntheticShape.Tiny.Unet with { TimeCondProjDim = null };

    /// <summary>Writes a tiny model into <paramref name="folder"/>: a consistency model, or a diffusion model without guidance embedding.</summary>
    public static string Write(string folder, string scheduler = SchedulerConfig.Lcm, int width = 16) => SyntheticModel.Write(
        folder, SyntheticShape.Tiny with { Unet = Unet(guided: scheduler == SchedulerConfig.Lcm) with { BlockOutChannels = [8, width] } }, new(), scheduler);
}

using Rlcm.Models.Unet;

namespace Rlcm.Models;

/// <summary>The entries of <c>model_index.json</c>: the pipeline and the class of each part.</summary>
internal static class ModelIndex
{
    /// <summary>That of a model with the scheduler <paramref name="scheduler"/>. The pipeline of consistency models asks for a guidance embedding: one without, such as with a fused LCM-LoRA, is drawn with by that of Stable Diffusion.</summary>
    public static IReadOnlyDictionary<string, object?> Of(SchedulerConfig scheduler, UNet2DConditionConfig unet) => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["_class_name"] = ModelFolder.Pipelines[unet.TimeCondProjDim is null ? 1 : 0],
        ["_diffusers_version"] = "0.27.2",
        ["feature_extractor"] = (string?[])[null, null],
        ["requires_safety_checker"] = false,
        ["safety_checker"] = (string?[])[null, null],
        ["scheduler"] = (string[])["diffusers", scheduler.ClassName],
        ["text_encoder"] = (string[])["transformers", "CLIPTextModel"],
        ["tokenizer"] = (string[])["transformers", "CLIPTokenizer"],
        ["unet"] = (string[])["diffusers", "UNet2DConditionModel"],
        ["vae"] = (string[])["diffusers", "AutoencoderKL"],
    };
}

using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;

namespace Rlcm.Synthetic;

/// <summary>The architectures of a model's parts.</summary>
/// <param name="Text">The text encoder. Ids of start and end become those of the tokenizer.</param>
/// <param name="Unet">The noise predictor.</param>
/// <param name="Vae">The autoencoder.</param>
/// <param name="Generation">How the model says that it is best sampled; null: it does not, as most published models.</param>
public sealed record SyntheticShape(ClipTextConfig Text, UNet2DConditionConfig Unet, AutoencoderKLConfig Vae, GenerationConfig? Generation = null)
{
    /// <summary>As large as <c>SimianLuo/LCM_Dreamshaper_v7</c>: 860 million weights in the U-Net, 84 in the autoencoder, 123 in the text encoder.</summary>
    public static SyntheticShape FullSize { get; } = new(
        new() { VocabularySize = 49408, HiddenSize = 768, IntermediateSize = 3072, Layers = 12, Heads = 12 },
        new()
        {
            SampleSize = 96,
            BlockOutChannels = [320, 640, 1280, 1280],
            DownBlockTypes = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            AttentionHeads = [8, 8, 8, 8],
            CrossAttentionDim = 768,
            TimeCondProjDim = 256,
        },
        new() { BlockOutChannels = [128, 256, 512, 512], SampleSize = 768 });

    /// <summary>All parts at a few thousand weights: pictures of 16 x 16, latents of 4 x 4.</summary>
    public static SyntheticShape Tiny { get; } = new(
        new() { VocabularySize = 600, HiddenSize = 8, IntermediateSize = 16, Layers = 1, Heads = 2, MaxPositions = 8 },
        new()
        {
            SampleSize = 4,
            BlockOutChannels = [8, 16],
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
            LayersPerBlock = 1,
            AttentionHeads = [2, 2],
            CrossAttentionDim = 8,
            NormNumGroups = 4,
            TimeCondProjDim = 16,
        },
        new() { BlockOutChannels = [8, 8, 8], LayersPerBlock = 1, NormNumGroups = 4, SampleSize = 16, ScalingFactor = 0.5 },
        new(GuidanceScale: 4, Steps: 4));
}

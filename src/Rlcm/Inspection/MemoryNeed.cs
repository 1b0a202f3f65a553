using Rlcm.Models;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Training;
using static TorchSharp.torch;

namespace Rlcm.Inspection;

/// <summary>
/// Predicted peak memory of training a model, an estimate from the maps that its graph keeps: of the process for 32-bit floats, on the
/// processor, and of the GPU for half precision. docs/checkpoints.md compares it with what was measured.
/// </summary>
/// <param name="Height">Of the pictures.</param>
/// <param name="Width">Of the pictures.</param>
/// <param name="MicroBatch">Pictures in a backward pass.</param>
/// <param name="GradientCheckpointing">As <see cref="UNet2DConditionModel.GradientCheckpointing"/>.</param>
/// <param name="Precision">Of text encoder and U-Net.</param>
/// <param name="Bytes">The peak.</param>
public sealed record MemoryNeed(int Height, int Width, int MicroBatch, bool GradientCheckpointing, ComputePrecision Precision, long Bytes)
{
    private const int LargePictures = 512;
    private const int Float = sizeof(float);
    private const double OfResnetPerSide = 2; // feature maps that the backward pass needs, in multiples of tokens x channels

    // Counted in the graphs of the parts and adjusted to measured peaks of a full-size model.
    private static readonly Costs Processor = new(Runtime: 300_000_000, OfTransformer: 33, OfDecoder: 4.75, OfWeights: 0.3);
    private static readonly Costs Gpu = new(Runtime: 600_000_000, OfTransformer: 45, OfDecoder: 11.6, OfWeights: 0); // adapters keep inputs of their own in 32 bits

    /// <summary>The estimates for pictures of 512 and 768 pixels, or of the model's own size where it is smaller.</summary>
    /// <param name="unet">The U-Net's architecture.</param>
    /// <param name="vae">The autoencoder's.</param>
    /// <param name="parameters">Number of weights of U-Net, autoencoder and text encoder.</param>
    internal static IReadOnlyList<MemoryNeed> OfPresets(UNet2DConditionConfig unet, AutoencoderKLConfig vae, IReadOnlyList<long> parameters)
    {
        var own = unet.SampleSize * vae.SpatialFactor;
        int[] sides = own < LargePictures ? [own] : [LargePictures, 768];
        int[] microBatches = own < LargePictures ? [1, 8, 32] : [1, 2, 4];
        return
        [
            .. from side in sides
               from precision in (ComputePrecision[])[ComputePrecision.Fp32, ComputePrecision.Bf16]
               from microBatch in microBatches
               from checkpointing in (bool[])[true, false]
               select Estimate(unet, vae, parameters, side, side, microBatch, checkpointing, precision),
        ];
    }

    /// <summary>The shipped presets that train such pictures in such micro-batches, by name.</summary>
    public IReadOnlyList<string> Presets() =>
    [
        .. TrainConfigSources.Presets().Where(name => TrainConfigReader.Read(name, [], []) is var config && (config.Height ?? Height, config.Width ?? Width) == (Height, Width)
            && (config.MicroBatch, config.GradientCheckpointing) == (MicroBatch, GradientCheckpointing)),
    ];

    /// <summary>The estimate for adapters of the attention.</summary>
    /// <param name="unet">The U-Net's architecture.</param>
    /// <param name="vae">The autoencoder's.</param>
    /// <param name="parameters">Number of weights of U-Net, autoencoder and text encoder.</param>
    /// <param name="height">Of the pictures.</param>
    /// <param name="width">Of the pictures.</param>
    /// <param name="microBatch">Pictures in a backward pass.</param>
    /// <param name="checkpointing">Whether activations are computed again.</param>
    /// <param name="precision">Of text encoder and U-Net.</param>
    internal static MemoryNeed Estimate(
        UNet2DConditionConfig unet, AutoencoderKLConfig vae, IReadOnlyList<long> parameters, int height, int width, int microBatch, bool checkpointing, ComputePrecision precision)
    {
        var (bytes, costs) = precision == ComputePrecision.Fp32 ? (Float, Processor) : (Float / 2, Gpu);
        var weights = (parameters[0] + parameters[2]) * bytes + parameters[1] * Float;
        var merged = precision == ComputePrecision.Fp32 ? MergedWeights(unet) * Float : 0;
        var pixels = (double)height * width;
        var latents = pixels / (vae.SpatialFactor * vae.SpatialFactor);
        var (all, largest, inputs) = Activations(unet, latents, costs.OfTransformer);
        var training = microBatch * (checkpointing ? inputs + largest : all) * bytes + costs.OfWeights * parameters[0] * bytes;
        var decoding = costs.OfDecoder * pixels * vae.BlockOutChannels[Math.Min(1, vae.BlockOutChannels.Length - 1)] * Float;
        return new(height, width, microBatch, checkpointing, precision, (long)(costs.Runtime + weights + merged + Math.Max(training, decoding)));
    }

    /// <summary>Weights of the attention's projections, of which sampling keeps merged ones beside the originals.</summary>
    private static double MergedWeights(UNet2DConditionConfig unet) => Parts(unet).Where(part => part.IsTransformer)
        .Sum(part => unet.TransformerLayersPerBlock * (6.0 * part.Channels * part.Channels + 2.0 * part.Channels * unet.CrossAttentionDim));

    /// <summary>Numbers that the backward pass needs: of all parts, of the largest one, and of the inputs of all.</summary>
    private static (double All, double Largest, double Inputs) Activations(UNet2DConditionConfig unet, double latents, double ofTransformer)
    {
        (double Kept, double Input)[] parts = [.. Parts(unet).Select(part =>
        {
            var positions = latents / Math.Pow(4, part.Level);
            return part.IsTransformer
                ? (positions * part.Channels * ofTransformer * unet.TransformerLayersPerBlock, positions * part.Channels)
                : (positions * OfResnetPerSide * (part.Inputs + part.Channels), positions * part.Inputs);
        })];
        return (parts.Sum(part => part.Kept), parts.Max(part => part.Kept), parts.Sum(part => part.Input));
    }

    /// <summary>All residual blocks and transformers.</summary>
    private static IEnumerable<(bool IsTransformer, int Level, double Inputs, double Channels)> Parts(UNet2DConditionConfig unet)
    {
        var last = unet.Levels - 1;
        for (var level = 0; level <= last; level++)
        {
            double channels = unet.BlockOutChannels[level];
            for (var layer = 0; layer < 2 * unet.LayersPerBlock + 1; layer++)
            {
                var isUp = layer >= unet.LayersPerBlock;
                yield return (false, level, isUp ? 2 * channels : channels, channels);
                if (isUp ? unet.UpBlockAttends(level) : unet.DownBlockAttends(level))
                    yield return (true, level, channels, channels);
            }
        }

        double bottom = unet.BlockOutChannels[last];
        yield return (false, last, bottom, bottom);
        yield return (true, last, bottom, bottom);
        yield return (false, last, bottom, bottom);
    }

    /// <summary>What computing takes besides weights.</summary>
    /// <param name="Runtime">Bytes of .NET and libtorch, or of the CUDA context.</param>
    /// <param name="OfTransformer">Feature maps of a transformer block that the backward pass needs, in multiples of tokens x channels.</param>
    /// <param name="OfDecoder">What decoding a picture takes, in multiples of pixels x channels of the level above the last.</param>
    /// <param name="OfWeights">Weights that are reordered, and gaps between freed blocks, as a share of the U-Net's.</param>
    private sealed record Costs(long Runtime, double OfTransformer, double OfDecoder, double OfWeights);
}

using Rlcm.Models;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using static TorchSharp.torch;

namespace Rlcm.Inspection;

/// <summary>Predicted peak memory of training a model: an estimate from the maps that its graph keeps, not a measurement.</summary>
/// <param name="Height">Of the pictures.</param>
/// <param name="Width">Of the pictures.</param>
/// <param name="MicroBatch">Pictures in a backward pass.</param>
/// <param name="GradientCheckpointing">As <see cref="UNet2DConditionModel.GradientCheckpointing"/>.</param>
/// <param name="Precision">Of text encoder and U-Net.</param>
/// <param name="Bytes">The peak.</param>
public sealed record MemoryNeed(int Height, int Width, int MicroBatch, bool GradientCheckpointing, ComputePrecision Precision, long Bytes)
{
    private const long Runtime = 300_000_000; // .NET and libtorch themselves
    private const int Float = sizeof(float);

    // Feature maps that the backward pass needs of a part, in multiples of tokens x channels; counted from the graphs of the parts.
    private const double OfTransformer = 27;
    private const double OfResnetPerSide = 2;

    // Feature maps at the decoder's last resolution that live at once, in multiples of pixels x channels of the level above.
    private const double OfDecoder = 3.2;

    /// <summary>The estimates for pictures of 512 and 768 pixels, or of the model's own size where it is smaller.</summary>
    /// <param name="unet">The U-Net's architecture.</param>
    /// <param name="vae">The autoencoder's.</param>
    /// <param name="parameters">Number of weights of U-Net, autoencoder and text encoder.</param>
    internal static IReadOnlyList<MemoryNeed> OfPresets(UNet2DConditionConfig unet, AutoencoderKLConfig vae, IReadOnlyList<long> parameters)
    {
        var own = unet.SampleSize * vae.SpatialFactor;
        int[] sides = own < 512 ? [own] : [512, 768];
        return
        [
            .. from side in sides
               from precision in (ComputePrecision[])[ComputePrecision.Fp32, ComputePrecision.Bf16]
               from microBatch in (int[])[1, 2, 4]
               from checkpointing in (bool[])[true, false]
               select Estimate(unet, vae, parameters, side, side, microBatch, checkpointing, precision),
        ];
    }

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
        var bytes = precision == ComputePrecision.Fp32 ? Float : Float / 2;
        var weights = (parameters[0] + parameters[2]) * bytes + parameters[1] * Float;
        var merged = precision == ComputePrecision.Fp32 ? MergedWeights(unet) * Float : 0;
        var pixels = (double)height * width;
        var latents = pixels / (vae.SpatialFactor * vae.SpatialFactor);
        var (all, largest, inputs) = Activations(unet, latents);
        var training = microBatch * (checkpointing ? inputs + largest : all) * bytes;
        var decoding = OfDecoder * pixels * vae.BlockOutChannels[Math.Min(1, vae.BlockOutChannels.Length - 1)] * Float;
        return new(height, width, microBatch, checkpointing, precision, (long)(Runtime + weights + merged + Math.Max(training, decoding)));
    }

    /// <summary>Weights of the attention's projections, of which sampling keeps merged ones beside the originals.</summary>
    private static double MergedWeights(UNet2DConditionConfig unet) => Parts(unet).Where(part => part.IsTransformer)
        .Sum(part => unet.TransformerLayersPerBlock * (6.0 * part.Channels * part.Channels + 2.0 * part.Channels * unet.CrossAttentionDim));

    /// <summary>Numbers that the backward pass needs: of all parts, of the largest one, and of the inputs of all.</summary>
    private static (double All, double Largest, double Inputs) Activations(UNet2DConditionConfig unet, double latents)
    {
        (double Kept, double Input)[] parts = [.. Parts(unet).Select(part =>
        {
            var positions = latents / Math.Pow(4, part.Level);
            return part.IsTransformer
                ? (positions * part.Channels * OfTransformer * unet.TransformerLayersPerBlock, positions * part.Channels)
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
}

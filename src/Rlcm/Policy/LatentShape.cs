using Rlcm.Models;
using Rlcm.Runtime;

namespace Rlcm.Policy;

/// <summary>The shape of a model's latents.</summary>
internal static class LatentShape
{
    /// <summary>[C, height, width] of one picture's latent.</summary>
    /// <param name="model">The model.</param>
    /// <param name="height">Height of the pictures in pixels; null: as the model was trained.</param>
    /// <param name="width">Width of the pictures in pixels; null: as the model was trained.</param>
    /// <exception cref="UserErrorException">A side is no multiple of the decoder's scale.</exception>
    public static IReadOnlyList<long> Of(TextToImageModel model, int? height, int? width)
    {
        var factor = model.Vae.Config.SpatialFactor;
        return
        [
            model.Unet.Config.InChannels,
            Side(height, "height", factor) ?? model.Unet.Config.SampleSize,
            Side(width, "width", factor) ?? model.Unet.Config.SampleSize,
        ];
    }

    private static long? Side(int? pixels, string name, int factor) => pixels is null || pixels % factor == 0
        ? pixels / factor
        : throw new UserErrorException($"{name}: expected a multiple of {factor}, found {pixels}; use {Math.Max(factor, pixels.Value / factor * factor)}.");
}

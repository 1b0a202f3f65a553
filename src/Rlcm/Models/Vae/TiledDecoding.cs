using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Vae;

/// <summary>How latents are cut into tiles that overlap, all in latents.</summary>
/// <param name="Size">Height and width of a tile.</param>
/// <param name="Margin">Rows and columns at an inner border of a tile that are not used, since the decoder saw no further.</param>
/// <param name="Blend">Rows and columns after the margin over which a tile fades into its neighbor.</param>
public readonly record struct Tiling(int Size, int Margin, int Blend)
{
    /// <summary>Tiles of 64 latents that share a quarter with the next, as diffusers cuts them.</summary>
    public static Tiling Default { get; } = new(Size: 64, Margin: 4, Blend: 8);

    /// <summary>Latents that two neighbors have in common.</summary>
    public int Overlap => 2 * Margin + Blend;

    /// <summary>Where the tiles along an axis of <paramref name="length"/> latents begin; the last one is moved back so that it ends where the latents do.</summary>
    public IReadOnlyList<long> Starts(long length)
    {
        var (size, step) = (Size, Size - Overlap);
        var count = length <= size ? 1 : 1 + (length - size + step - 1) / step;
        return [.. Enumerable.Range(0, (int)count).Select(tile => Math.Min(tile * (long)step, Math.Max(0, length - size)))];
    }
}

/// <summary>
/// Decodes latents tile by tile, so that the memory needed depends on the tile and not on the picture. A decoder that sees
/// <see cref="Tiling.Margin"/> latents far is tiled exactly; that of Stable Diffusion normalizes over the whole picture, so tiles differ slightly.
/// </summary>
internal static class TiledDecoding
{
    /// <summary>Decodes [B, C, h, w] to [B, 3, h f, w f].</summary>
    /// <param name="decode">Decodes a tile.</param>
    /// <param name="latents">What is decoded.</param>
    /// <param name="factor">f, pixels for a latent along an axis.</param>
    /// <param name="tiling">How it is cut.</param>
    public static Tensor Decode(Func<Tensor, Tensor> decode, Tensor latents, int factor, Tiling tiling)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(tiling.Size, tiling.Overlap, nameof(tiling));
        using var scope = NewDisposeScope();
        var (height, width) = (latents.shape[2], latents.shape[3]);
        Tensor? sum = null;
        foreach (var top in tiling.Starts(height))
        {
            foreach (var left in tiling.Starts(width))
            {
                using var tileScope = NewDisposeScope();
                var tile = decode(latents.narrow(2, top, Math.Min(tiling.Size, height)).narrow(3, left, Math.Min(tiling.Size, width)));
                var weights = Weights(tiling, height, top, factor).unsqueeze(1) * Weights(tiling, width, left, factor).unsqueeze(0);
                sum ??= zeros(latents.shape[0], tile.shape[1], height * factor, width * factor, dtype: tile.dtype, device: tile.device).MoveToOuterDisposeScope();
                var place = sum.narrow(2, top * factor, tile.shape[2]).narrow(3, left * factor, tile.shape[3]);
                place.add_(tile * weights.to(tile.device), Kept(1));
            }
        }

        return sum!.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Weight of each pixel along one axis of the tile that begins at <paramref name="start"/>; those of all tiles add up to 1. Between two
    /// tiles it falls from 1 to 0 over the blend, in the middle of what they share.
    /// </summary>
    internal static Tensor Weights(Tiling tiling, long length, long start, int factor)
    {
        var starts = tiling.Starts(length);
        var index = starts.Index().First(entry => entry.Item == start).Index;
        var pixels = Math.Min(tiling.Size, length) * factor;
        var weights = new float[pixels];
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            var position = start * factor + pixel + 0.5;
            var rise = index == 0 ? 1 : Rise(tiling, starts[index - 1], starts[index], factor, position);
            var fall = index == starts.Count - 1 ? 0 : Rise(tiling, starts[index], starts[index + 1], factor, position);
            weights[pixel] = (float)(rise - fall);
        }

        return tensor(weights);
    }

    /// <summary>From 0 to 1 where the tile at <paramref name="first"/> gives way to the one at <paramref name="second"/>.</summary>
    private static double Rise(Tiling tiling, long first, long second, int factor, double position)
    {
        var middle = (first + tiling.Size + second) / 2.0 * factor;
        var blend = tiling.Blend * factor;
        return blend == 0 ? (position > middle ? 1 : 0) : Math.Clamp((position - middle) / blend + 0.5, 0, 1);
    }
}

using Rlcm.Imaging;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Pretraining;

/// <summary>
/// Variants of training pictures for an autoencoder that renders what a tuned model asks of it and not only what it was shown. Softer,
/// coarser, sharper and grainier ones, each an eighth, and softer ones that were JPEG files of low quality, three eighths, are reconstructed
/// as they are; an eighth is unaltered. This eighth and half of the others are made paler (a contrast from 0.25 to 1.1), which is restored:
/// pale is how a consistency model errs, since the mean of many pictures on white is a pale one, and it is the first thing that a reward for
/// small files finds.
/// </summary>
public static class PictureVariants
{
    /// <summary>Heights and widths must be multiples of it.</summary>
    public const int Block = 8;

    private const double LeastBlur = 0.3;
    private const double MostBlur = 5;
    private const double MostSharpening = 4;
    private const double MostGrain = 0.5;
    private const double LeastContrast = 0.25;
    private const double MostContrast = 1.1;
    private const double WorstQuality = 1;
    private const double BestQuality = 60;
    private const double MostCompressedBlur = 3;
    private const int Kinds = 8;
    private static readonly int[] MosaicBlocks = [2, 4, 8];

    /// <summary>Ranks of the 8x8 ordered dither (Bayer 1973), row by row.</summary>
    private static readonly float[] DitherRanks = [.. Enumerable.Range(0, Block * Block).Select(i => (float)DitherRank(i % Block, i / Block))];

    /// <summary>One variant of the pictures, its kind, strength and contrast drawn at <paramref name="address"/>; all pictures get the same.</summary>
    /// <param name="pictures">[B, 3, H, W] in -1..1, H and W multiples of <see cref="Block"/>.</param>
    /// <param name="address">Of the draw.</param>
    public static PictureVariant Draw(Tensor pictures, RandomAddress address)
    {
        Span<double> uniform = stackalloc double[5];
        AddressedRandom.Uniform(address, uniform);
        var (kind, strength) = ((int)(uniform[0] * Kinds), uniform[1]);
        var variant = kind switch
        {
            0 => Blur(pictures, LeastBlur + (MostBlur - LeastBlur) * strength),
            1 => Mosaic(pictures, MosaicBlocks[(int)(strength * MosaicBlocks.Length)]),
            2 => Sharpen(pictures, MostSharpening * strength),
            3 => Grain(pictures, MostGrain * strength),
            4 or 5 or 6 => Compress(pictures, LeastBlur + (MostCompressedBlur - LeastBlur) * uniform[4], (int)Math.Round(WorstQuality * Math.Pow(BestQuality / WorstQuality, strength))),
            _ => pictures,
        };
        return kind == Kinds - 1 || uniform[2] < 0.5
            ? new(Contrast(variant, LeastContrast + (MostContrast - LeastContrast) * uniform[3]), variant, IsFlaw: true)
            : new(variant, variant, IsFlaw: false);
    }

    /// <summary>Convolution with a Gaussian of standard deviation <paramref name="sigma"/> pixels; edges are repeated.</summary>
    public static Tensor Blur(Tensor pictures, double sigma)
    {
        using var scope = NewDisposeScope();
        var radius = (int)Math.Ceiling(3 * sigma);
        var weights = Enumerable.Range(-radius, 2 * radius + 1).Select(x => Math.Exp(-0.5 * x * x / (sigma * sigma))).ToArray();
        var kernel = tensor(Array.ConvertAll(weights, weight => (float)(weight / weights.Sum())));
        var channels = pictures.shape[1];
        var padded = functional.pad(pictures, [radius, radius, radius, radius], PaddingModes.Replicate);
        var rows = functional.conv2d(padded, kernel.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups: channels);
        return functional.conv2d(rows, kernel.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups: channels).MoveToOuterDisposeScope();
    }

    /// <summary>Squares of <paramref name="block"/> pixels in their mean colors.</summary>
    public static Tensor Mosaic(Tensor pictures, int block)
    {
        using var scope = NewDisposeScope();
        return functional.avg_pool2d(pictures, block).repeat_interleave(block, 2).repeat_interleave(block, 3).MoveToOuterDisposeScope();
    }

    /// <summary><see cref="Blur"/> as it comes back from JPEG files of <paramref name="quality"/>, 1 to 100.</summary>
    public static Tensor Compress(Tensor pictures, double sigma, int quality)
    {
        using var scope = NewDisposeScope();
        return JpegFile.RoundTrip(Blur(pictures, sigma).ToImages(), quality).ToPictures().MoveToOuterDisposeScope();
    }

    /// <summary>Unsharp masking: x + amount (x - blurred x), clamped.</summary>
    public static Tensor Sharpen(Tensor pictures, double amount)
    {
        using var scope = NewDisposeScope();
        return pictures.Plus((pictures - Blur(pictures, 1)) * Kept(amount)).clamp(Kept(-1), Kept(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Darker by up to <paramref name="depth"/> (of 2) in the pattern of the 8x8 ordered dither, clamped.</summary>
    public static Tensor Grain(Tensor pictures, double depth)
    {
        using var scope = NewDisposeScope();
        var tile = tensor(DitherRanks).view(Block, Block).repeat(pictures.shape[2] / Block, pictures.shape[3] / Block) / Kept(Block * Block - 1);
        return (pictures - Kept(depth) * tile).clamp_min(Kept(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>Differences from white times <paramref name="factor"/>; beyond 1, darker than black is possible.</summary>
    public static Tensor Contrast(Tensor pictures, double factor)
    {
        using var scope = NewDisposeScope();
        return (Kept(factor) * (pictures - Kept(1))).Plus(Kept(1)).MoveToOuterDisposeScope();
    }

    private static int DitherRank(int x, int y)
    {
        var rank = 0;
        for (var bit = 0; bit < 3; bit++)
            rank = 4 * rank + 2 * (((x ^ y) >> bit) & 1) + ((y >> bit) & 1);
        return rank;
    }
}

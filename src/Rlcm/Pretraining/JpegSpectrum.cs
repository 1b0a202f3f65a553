using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// What a baseline JPEG encoder makes of pictures before it counts bits (ITU-T T.81, annexes A and K; JFIF's YCbCr; 4:2:0): magnitudes of the
/// cosine coefficients of 8x8 blocks in quantization steps. Their logarithms, log(1 + |c| / q), follow the length of the codes, but for the
/// constant terms, whose differences are coded.
/// </summary>
public static class JpegSpectrum
{
    /// <summary>Heights and widths must be multiples of it: a block of the halved chroma planes.</summary>
    public const int Unit = 2 * Block;

    private const int Block = 8;
    private const int Quality = 95;
    private const double GrayLevels = 127.5; // of a difference of 1

    /// <summary>Table K.1.</summary>
    private static readonly int[] Luminance =
    [
        16, 11, 10, 16, 24, 40, 51, 61,
        12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77,
        24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103, 99,
    ];

    /// <summary>Table K.2.</summary>
    private static readonly int[] Chrominance =
    [
        17, 18, 24, 47, 99, 99, 99, 99,
        18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99,
        47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ];

    /// <summary>Mean over all coefficients, luma and chroma by their numbers, of the absolute difference of log(1 + |c| / q). Scalar, differentiable.</summary>
    /// <param name="pictures">[B, 3, H, W] in -1..1, H and W multiples of <see cref="Unit"/>.</param>
    /// <param name="targets">Of the same shape.</param>
    public static Tensor Distance(Tensor pictures, Tensor targets)
    {
        using var scope = NewDisposeScope();
        return (Lengths(pictures) - Lengths(targets)).abs().mean().MoveToOuterDisposeScope();
    }

    /// <summary>log(1 + |c| / q) of all coefficients, [B, 3 H W / 2].</summary>
    /// <param name="pictures">[B, 3, H, W] in -1..1, H and W multiples of <see cref="Unit"/>.</param>
    public static Tensor Lengths(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var levels = Kept(GrayLevels) * pictures;
        var (r, g, b) = (levels.narrow(1, 0, 1), levels.narrow(1, 1, 1), levels.narrow(1, 2, 1));
        var luma = (Kept(0.299) * r).Plus(Kept(0.587) * g).Plus(Kept(0.114) * b);
        var chroma = nn.functional.avg_pool2d(cat([(b - luma) / Kept(1.772), (r - luma) / Kept(1.402)], dim: 1), 2);
        return cat([Lengths(luma, Luminance), Lengths(chroma, Chrominance)], dim: 1).MoveToOuterDisposeScope();
    }

    private static Tensor Lengths(Tensor planes, int[] table)
    {
        var shape = planes.shape;
        var blocks = planes.reshape(shape[0], shape[1], shape[2] / Block, Block, shape[3] / Block, Block).transpose(3, 4);
        var basis = CosineBasis();
        var coefficients = basis.matmul(blocks).matmul(basis.t());
        var steps = tensor(Array.ConvertAll(table, step => (float)Scaled(step))).view(Block, Block);
        return (coefficients.abs() / steps).log1p().flatten(1);
    }

    /// <summary>libjpeg's table for a quality of at least 50.</summary>
    private static int Scaled(int step) => Math.Max(1, (step * (200 - 2 * Quality) + 50) / 100);

    /// <summary>Orthonormal DCT-II, [8, 8], a frequency in each row.</summary>
    private static Tensor CosineBasis() => tensor(Enumerable.Range(0, Block * Block)
        .Select(i => (k: i / Block, n: i % Block))
        .Select(at => (float)(Math.Sqrt((at.k == 0 ? 1.0 : 2.0) / Block) * Math.Cos((2 * at.n + 1) * at.k * Math.PI / (2 * Block))))
        .ToArray()).view(Block, Block);
}

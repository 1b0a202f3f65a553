using Rlcm.Imaging;

namespace Rlcm.Evaluation;

/// <summary>The nearest picture of a gallery.</summary>
/// <param name="Entry">That picture.</param>
/// <param name="Distance">Root mean square difference of the pixel values, 0..1.</param>
/// <param name="Dx">Pixels that the sample was moved to the right.</param>
/// <param name="Dy">Pixels that the sample was moved down.</param>
/// <param name="Mirrored">Whether it was mirrored before.</param>
public sealed record Recognition(GalleryEntry Entry, double Distance, int Dx, int Dy, bool Mirrored);

/// <summary>
/// Says what a picture shows by the nearest picture of a gallery: smallest L2 distance on 64x64 over shifts up to 4 pixels in both
/// directions, filled with white, and mirroring. The search is exact; lower bounds of the distance spare most of the comparisons.
/// </summary>
public sealed class Recognizer
{
    /// <summary>Height and width of the pictures that can be recognized.</summary>
    public const int PictureSize = InkPicture.Size;

    private const int CoarseBlock = 16;
    private const int FineBlock = 8;
    private const int Variants = 2 * InkPicture.Shifts * InkPicture.Shifts;

    private readonly Gallery _gallery;
    private readonly InkPicture[] _pictures;
    private readonly float[][] _coarse;
    private readonly float[][] _fine;

    /// <summary>Prepares the search in <paramref name="gallery"/>.</summary>
    public Recognizer(Gallery gallery)
    {
        _gallery = gallery;
        _pictures = [.. Enumerable.Range(0, gallery.Pictures.Count).Select(i => new InkPicture(gallery.Pictures[i]))];
        _coarse = [.. _pictures.Select(picture => BlockSignature.OfUnshifted(picture, CoarseBlock))];
        _fine = [.. _pictures.Select(picture => BlockSignature.OfUnshifted(picture, FineBlock))];
    }

    /// <summary>The nearest gallery picture of every picture of <paramref name="images"/>, [N, 64, 64, 3]; of equally near ones the first.</summary>
    /// <exception cref="ArgumentException">The pictures are not 64x64.</exception>
    public IReadOnlyList<Recognition> Recognize(ImageBatch images, CancellationToken cancellationToken = default)
    {
        if (images.Width != PictureSize || images.Height != PictureSize)
            throw new ArgumentException($"The gallery is compared at 64x64; found {images.Height}x{images.Width}.", nameof(images));
        var recognitions = new Recognition[images.Count];
        Parallel.For(0, images.Count, new ParallelOptions { CancellationToken = cancellationToken }, i => recognitions[i] = Nearest(images[i]));
        return recognitions;
    }

    private Recognition Nearest(ReadOnlySpan<byte> pixels)
    {
        InkPicture[] sample = [new(pixels), new(pixels, mirrored: true)];
        var best = new Candidate(long.MaxValue, 0, 0);

        var coarse = Bounds(sample, CoarseBlock, _coarse, out var likely);
        Compare(sample, likely, ref best);

        float[][] fine = [.. sample.Select(picture => BlockSignature.OfAllShifts(picture, FineBlock))];
        for (var pair = 0; pair < coarse.Length; pair++)
        {
            if (IsAbove(coarse[pair], best.SquaredDistance))
                continue;
            var (picture, variant) = Math.DivRem(pair, Variants);
            if (!IsAbove(BlockSignature.SquaredDistance(Signature(fine, variant, FineBlock), _fine[picture]), best.SquaredDistance))
                Compare(sample, pair, ref best);
        }

        var (mirrored, shift) = Math.DivRem(best.Variant, InkPicture.Shifts * InkPicture.Shifts);
        var (dy, dx) = Math.DivRem(shift, InkPicture.Shifts);
        var meanSquare = best.SquaredDistance / (double)(InkPicture.Size * InkPicture.RowLength);
        return new Recognition(_gallery.Entries[best.Picture], Math.Sqrt(meanSquare) / 255, dx - InkPicture.MaxShift, dy - InkPicture.MaxShift, mirrored == 1);
    }

    /// <summary>Lower bounds of all pairs, [pictures, variants], and the pair with the smallest.</summary>
    private static float[] Bounds(InkPicture[] sample, int block, float[][] gallery, out int smallest)
    {
        float[][] signatures = [.. sample.Select(picture => BlockSignature.OfAllShifts(picture, block))];
        var bounds = new float[gallery.Length * Variants];
        smallest = 0;
        for (var pair = 0; pair < bounds.Length; pair++)
        {
            var (picture, variant) = Math.DivRem(pair, Variants);
            bounds[pair] = BlockSignature.SquaredDistance(Signature(signatures, variant, block), gallery[picture]);
            if (bounds[pair] < bounds[smallest])
                smallest = pair;
        }

        return bounds;
    }

    private void Compare(InkPicture[] sample, int pair, ref Candidate best)
    {
        var (picture, variant) = Math.DivRem(pair, Variants);
        var (mirrored, shift) = Math.DivRem(variant, InkPicture.Shifts * InkPicture.Shifts);
        var (dy, dx) = Math.DivRem(shift, InkPicture.Shifts);
        var distance = sample[mirrored].SquaredDistance(_pictures[picture], dx - InkPicture.MaxShift, dy - InkPicture.MaxShift, best.SquaredDistance);
        if (distance < best.SquaredDistance || (distance == best.SquaredDistance && (picture, variant).CompareTo((best.Picture, best.Variant)) < 0))
            best = new Candidate(distance, picture, variant);
    }

    private static ReadOnlySpan<float> Signature(float[][] signatures, int variant, int block)
    {
        var (mirrored, shift) = Math.DivRem(variant, InkPicture.Shifts * InkPicture.Shifts);
        var length = BlockSignature.Length(block);
        return signatures[mirrored].AsSpan(shift * length, length);
    }

    // Single-precision bounds err by some 1e-7 of the larger norm; the margin is a hundred times that.
    private static bool IsAbove(float bound, long squaredDistance) => bound * 0.99999f - 16 > squaredDistance;

    private readonly record struct Candidate(long SquaredDistance, int Picture, int Variant);
}

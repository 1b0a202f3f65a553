using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Pretraining;

/// <summary>
/// Training pictures as a judge of drawn pictures will meet them: mirrored, turned, shifted, larger or smaller, paler, more vivid or of other
/// colors, with grain, half of them with a part wiped out (Zhong et al. 2020, "Random Erasing"); a quarter of a batch besides with one of the flaws
/// of <see cref="PictureVariants"/>. Backgrounds are white.
/// </summary>
public static class PictureAugmentation
{
    /// <summary>Pictures that a batch has at least, of which a part is flawed.</summary>
    public const int LeastBatch = FlawedPart;

    private const double MostTurn = 0.3; // radians
    private const double LeastScale = 0.8;
    private const double MostScale = 1.25;
    private const double MostShift = 0.2; // of half a picture
    private const double LeastInk = 0.6;
    private const double MostInk = 1.2;
    private const double LeastSaturation = 0.5;
    private const double MostSaturation = 1.3;
    private const double LeastChannel = 0.75;
    private const double MostChannel = 1.25;
    private const double LargestHole = 0.5; // height and width, of a picture
    private const double HoleShare = 0.5;
    private const double MostNoise = 0.2; // standard deviation, of 2
    private const int FlawedPart = 4;
    private const int Draws = 16;

    /// <summary>Every picture altered in its own way.</summary>
    /// <param name="pictures">[B, 3, H, W] in -1..1, H and W multiples of <see cref="PictureVariants.Block"/>; B at least <see cref="LeastBatch"/>.</param>
    /// <param name="address">Of everything random.</param>
    /// <returns>[B, 3, H, W] in -1..1.</returns>
    public static Tensor Draw(Tensor pictures, RandomAddress address)
    {
        using var scope = NewDisposeScope();
        var part = pictures.shape[0] / FlawedPart;
        var flawed = PictureVariants.Draw(pictures.narrow(0, 0, part), address with { Item = 1 }).Input;
        var (batch, uniforms) = (pictures.shape[0], new double[pictures.shape[0] * Draws]);
        AddressedRandom.Uniform(address with { Item = 2 }, uniforms);
        double[] Column(int draw) => [.. Enumerable.Range(0, (int)batch).Select(row => uniforms[row * Draws + draw])];

        var moved = Move(cat([flawed, pictures.narrow(0, part, batch - part)]), Transforms(Column(0), Column(1), Column(2), Column(3), Column(4)));
        var channels = cat([Between(Column(8), LeastChannel, MostChannel), Between(Column(9), LeastChannel, MostChannel), Between(Column(10), LeastChannel, MostChannel)], dim: 1);
        var colored = Color(moved, Between(Column(5), LeastInk, MostInk) * channels, Between(Column(6), LeastSaturation, MostSaturation));
        Wipe(colored, Column(11), Column(12), Column(13), Column(14), Column(15));
        var noise = AddressedRandom.NormalTensor(address with { Item = 3 }, pictures.shape);
        return colored.Plus(noise * Between(Column(7), 0, MostNoise)).clamp(Kept(-1), Kept(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Pictures at the places that <paramref name="transforms"/> [B, 2, 3] name in units of half a picture; outside is white.</summary>
    public static Tensor Move(Tensor pictures, Tensor transforms)
    {
        using var scope = NewDisposeScope();
        var grid = functional.affine_grid(transforms, [.. pictures.shape], align_corners: false);
        var ink = functional.grid_sample(pictures - Kept(1), grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Zeros, align_corners: false);
        return ink.Plus(Kept(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Distances from white times <paramref name="ink"/>, [B, 1 or 3, 1, 1], those of colors from their grey times <paramref name="saturation"/>, [B, 1, 1, 1].</summary>
    public static Tensor Color(Tensor pictures, Tensor ink, Tensor saturation)
    {
        using var scope = NewDisposeScope();
        var grey = pictures.mean([1], keepdim: true);
        var colored = grey.Plus((pictures - grey) * saturation);
        return ((colored - Kept(1)) * ink).Plus(Kept(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Makes a rectangle of some pictures white, in place.</summary>
    private static void Wipe(Tensor pictures, double[] whether, double[] tall, double[] wide, double[] top, double[] left)
    {
        var (height, width) = (pictures.shape[2], pictures.shape[3]);
        for (var i = 0; i < whether.Length; i++)
        {
            if (whether[i] >= HoleShare)
                continue;
            var (h, w) = ((long)(LargestHole * height * tall[i]), (long)(LargestHole * width * wide[i]));
            pictures[i].narrow(1, (long)((height - h) * top[i]), h).narrow(2, (long)((width - w) * left[i]), w).fill_(Kept(1));
        }
    }

    private static Tensor Transforms(double[] mirror, double[] turn, double[] scale, double[] right, double[] down)
    {
        var numbers = new float[mirror.Length * 6];
        for (var i = 0; i < mirror.Length; i++)
        {
            var (sin, cos) = Math.SinCos(MostTurn * (2 * turn[i] - 1));
            var size = LeastScale * Math.Pow(MostScale / LeastScale, scale[i]);
            var side = mirror[i] < 0.5 ? -1 : 1;
            float[] rows = [(float)(side * cos / size), (float)(-sin / size), (float)(MostShift * (2 * right[i] - 1)), (float)(side * sin / size), (float)(cos / size), (float)(MostShift * (2 * down[i] - 1))];
            rows.CopyTo(numbers, i * 6);
        }

        return tensor(numbers).view(-1, 2, 3);
    }

    private static Tensor Between(double[] uniforms, double least, double most) =>
        tensor(Array.ConvertAll(uniforms, uniform => (float)(least + (most - least) * uniform))).view(-1, 1, 1, 1);
}

using Rlcm.Imaging;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class PictureVariantsTests
{
    [Theory, NoTensorLeaks]
    [InlineData(0.5)]
    [InlineData(1.7)]
    public void A_point_is_blurred_to_a_gaussian(double sigma)
    {
        using var scope = NewDisposeScope();
        var point = zeros(1, 3, 33, 33);
        point[0, 1, 16, 16] = 1;
        var blurred = PictureVariants.Blur(point, sigma);
        Assert.Equal(1, blurred.sum().ToDouble(), 1e-5);
        Assert.Equal(0, blurred[0, 0].abs().sum().ToDouble());
        var expected = Math.Exp(-(1 * 1 + 2 * 2) / (2 * sigma * sigma));
        Assert.Equal(expected, blurred[0, 1, 15, 18].ToDouble() / blurred[0, 1, 16, 16].ToDouble(), 1e-5);
    }

    [Fact, NoTensorLeaks]
    public void Blur_and_sharpening_leave_one_color_as_it_is()
    {
        using var scope = NewDisposeScope();
        var plain = full(2, 3, 16, 16, 0.3f);
        Assert.True(PictureVariants.Blur(plain, 3).allclose(plain, atol: 1e-6));
        Assert.True(PictureVariants.Sharpen(plain, 4).allclose(plain, atol: 1e-5));
    }

    [Fact, NoTensorLeaks]
    public void Sharpening_widens_the_step_at_an_edge_and_stays_in_range()
    {
        using var scope = NewDisposeScope();
        var edge = cat([full(1, 3, 16, 8, -0.5f), full(1, 3, 16, 8, 0.5f)], dim: 3);
        var sharpened = PictureVariants.Sharpen(edge, 1);
        // A pixel at the edge loses what the kernel takes from across it.
        double[] weights = [.. Enumerable.Range(-3, 7).Select(x => Math.Exp(-0.5 * x * x))];
        var beyond = weights[4..].Sum() / weights.Sum();
        Assert.Equal(0.5 + beyond, sharpened[0, 0, 8, 8].ToDouble(), 1e-5);
        Assert.Equal(1, PictureVariants.Sharpen(edge, 4).max().ToDouble());
    }

    [Fact, NoTensorLeaks]
    public void A_mosaic_has_the_mean_color_of_each_square()
    {
        using var scope = NewDisposeScope();
        var pictures = arange(2 * 3 * 8 * 8, ScalarType.Float32).view(2, 3, 8, 8);
        var mosaic = PictureVariants.Mosaic(pictures, 4);
        Assert.Equal(pictures.shape, mosaic.shape);
        Assert.Equal(pictures[1, 2, 4.., ..4].mean().ToDouble(), mosaic[1, 2, 6, 3].ToDouble(), 1e-3);
        Assert.True(PictureVariants.Mosaic(mosaic, 4).equal(mosaic).all().ToBoolean());
    }

    [Fact, NoTensorLeaks]
    public void Compressed_pictures_are_those_of_the_file()
    {
        using var scope = NewDisposeScope();
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 2, 3, 16, 16).clamp(-1, 1);
        var compressed = PictureVariants.Compress(pictures, 0.6, 20);
        Assert.Equal(pictures.shape, compressed.shape);
        Assert.Equal(JpegFile.RoundTrip(PictureVariants.Blur(pictures, 0.6).ToImages(), 20).Pixels, compressed.ToImages().Pixels);
    }

    [Fact, NoTensorLeaks]
    public void Grain_is_the_ordered_dither()
    {
        using var scope = NewDisposeScope();
        var darkening = (1 - PictureVariants.Grain(ones(1, 3, 16, 16), 0.63)) * 100;
        long[] firstRow = [0, 32, 8, 40, 2, 34, 10, 42]; // of Bayer's 8x8 matrix
        Assert.Equal(firstRow, darkening[0, 0, 8, ..8].round().to(ScalarType.Int64).data<long>().ToArray());
        Assert.Equal(Enumerable.Range(0, 64).Select(rank => (long)rank), darkening[0, 2, ..8, 8..].round().to(ScalarType.Int64).flatten().data<long>().ToArray().Order());
    }

    [Fact, NoTensorLeaks]
    public void Contrast_counts_from_white()
    {
        using var scope = NewDisposeScope();
        var pictures = tensor([1f, -1f, 0f]).view(1, 3, 1, 1);
        Assert.True(PictureVariants.Contrast(pictures, 0.5).allclose(tensor([1f, 0f, 0.5f]).view(1, 3, 1, 1)));
    }

    [Fact, NoTensorLeaks]
    public void What_is_drawn_depends_on_the_address_alone_and_targets_stay_in_range()
    {
        using var scope = NewDisposeScope();
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 2, 3, 16, 16).clamp(-1, 1);
        var drawn = Enumerable.Range(0, 60).Select(Draw).ToArray();
        Assert.True(drawn[3].Input.equal(Draw(3).Input).all().ToBoolean());
        Assert.InRange(drawn.Count(variant => variant.IsFlaw), 24, 44);
        Assert.InRange(drawn.Count(variant => ReferenceEquals(variant.Target, pictures)), 2, 15);
        Assert.All(drawn.Where(variant => !variant.IsFlaw), variant => Assert.Same(variant.Input, variant.Target));
        Assert.All(drawn.Where(variant => variant.IsFlaw), variant =>
        {
            var contrast = ((1 - variant.Input).sum() / (1 - variant.Target).sum()).ToDouble();
            Assert.InRange(contrast, 0.25, 1.1);
            Assert.True(variant.Input.allclose(PictureVariants.Contrast(variant.Target, contrast), atol: 1e-4));
        });
        Assert.All(drawn, variant => Assert.InRange(variant.Target.abs().max().ToDouble(), 0, 1 + 1e-6));

        PictureVariant Draw(int step) => PictureVariants.Draw(pictures, new(1, RandomPurpose.Augmentation, step));
    }
}

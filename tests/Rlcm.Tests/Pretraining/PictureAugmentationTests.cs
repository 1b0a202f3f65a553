using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class PictureAugmentationTests
{
    [Fact, NoTensorLeaks]
    public void Pictures_are_mirrored_and_shifted_onto_white()
    {
        using var scope = NewDisposeScope();
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 2, 3, 8, 8).clamp(-1, 1);
        // The first is mirrored; the second is seen 2 pixels further right, half a picture being 4.
        var moved = PictureAugmentation.Move(pictures, tensor(new[] { -1f, 0, 0, 0, 1, 0, 1, 0, 0.5f, 0, 1, 0 }).view(2, 2, 3));
        Assert.True(moved[0].allclose(pictures[0].flip(2), atol: 1e-5));
        Assert.True(moved[1, .., .., ..6].allclose(pictures[1, .., .., 2..], atol: 1e-5));
        Assert.True(moved[1, .., .., 6..].equal(1).all().ToBoolean());
    }

    [Fact, NoTensorLeaks]
    public void Ink_counts_from_white_and_saturation_from_grey()
    {
        using var scope = NewDisposeScope();
        var red = tensor(new[] { 0.5f, -0.1f, -0.1f }).view(1, 3, 1, 1);
        var half = full(1, 1, 1, 1, 0.5f);
        var one = ones(1, 1, 1, 1);
        Assert.Equal([0.75f, 0.45f, 0.45f], PictureAugmentation.Color(red, half, one).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6); // 1 - (1 - x)/2
        Assert.Equal([0.3f, 0f, 0f], PictureAugmentation.Color(red, one, half).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6); // grey is 0.1
        Assert.True(PictureAugmentation.Color(ones(1, 3, 2, 2), half, half).equal(1).all().ToBoolean());
    }

    [Fact, NoTensorLeaks]
    public void Every_picture_is_altered_in_its_own_way_by_its_address_alone()
    {
        using var scope = NewDisposeScope();
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 1, 3, 16, 16).clamp(-1, 1).expand(6, -1, -1, -1);
        var address = new RandomAddress(5, RandomPurpose.Augmentation, 3);
        var altered = PictureAugmentation.Draw(pictures, address);
        Assert.Equal(pictures.shape, altered.shape);
        Assert.True(altered.min().ToSingle() >= -1 && altered.max().ToSingle() <= 1);
        Assert.True(altered.equal(PictureAugmentation.Draw(pictures, address)).all().ToBoolean());
        for (var other = 0; other < 5; other++)
            Assert.True((altered[other] - altered[5]).abs().mean().ToSingle() > 0.05, $"Pictures {other} and 5 are alike.");
        Assert.True((altered - PictureAugmentation.Draw(pictures, address with { Update = 4 })).abs().mean().ToSingle() > 0.05);
    }
}

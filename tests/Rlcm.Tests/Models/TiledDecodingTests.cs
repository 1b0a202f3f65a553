using Rlcm.Models;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

public sealed class TiledDecodingTests
{
    private const int Factor = 4;

    [Theory]
    [InlineData(8, 8, 2, 2)]
    [InlineData(9, 8, 2, 2)]
    [InlineData(13, 8, 2, 2)]
    [InlineData(40, 8, 2, 2)]
    [InlineData(40, 8, 0, 4)]
    [InlineData(40, 8, 3, 0)]
    [InlineData(96, 64, 4, 8)]
    public void Weights_of_all_tiles_add_up_to_one(int length, int size, int margin, int blend)
    {
        using var scope = NewDisposeScope();
        var tiling = new Tiling(size, margin, blend);
        var starts = tiling.Starts(length);
        var sum = zeros(length * Factor);
        foreach (var (index, start) in starts.Index())
        {
            var weights = TiledDecoding.Weights(tiling, length, start, Factor);
            Assert.InRange(weights.min().ToSingle(), 0, 1);
            sum.narrow(0, start * Factor, weights.shape[0]).add_(weights);
            if (index > 0)
                Assert.Equal(0, weights[..(margin * Factor)].abs().sum().ToSingle()); // rows at an inner border
        }

        Assert.InRange((sum - 1).abs().max().ToSingle(), 0, 1e-6);
        Assert.Equal(length - size, starts[^1]);
    }

    [Fact, NoTensorLeaks]
    public void A_decoder_without_norms_is_tiled_exactly()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (Normal(1, 6, 4, 3, 3), Normal(2, 3, 6, 3, 3));
        Tensor Decode(Tensor latents)
        {
            var x = nn.functional.silu(nn.functional.conv2d(latents, first, padding: [1, 1])); // sees one latent far
            x = nn.functional.interpolate(x, scale_factor: [Factor, Factor], mode: InterpolationMode.Nearest);
            return nn.functional.conv2d(x, second, padding: [1, 1]); // and a pixel more
        }

        var latents = Normal(3, 2, 4, 21, 14);
        var whole = Decode(latents);
        var exact = TiledDecoding.Decode(Decode, latents, Factor, new(Size: 8, Margin: 2, Blend: 1));
        Assert.Equal(whole.shape, exact.shape);
        Assert.InRange((whole - exact).abs().max().ToSingle(), 0, 1e-5 * whole.abs().max().ToSingle());
        var seams = TiledDecoding.Decode(Decode, latents, Factor, new(Size: 8, Margin: 0, Blend: 1));
        Assert.True((whole - seams).abs().max().ToSingle() > 1e-2 * whole.abs().max().ToSingle()); // the margin is what makes it exact
    }

    [Fact]
    public void Pictures_no_larger_than_a_tile_are_decoded_whole()
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        var latents = Normal(1, 1, 3, 6, 8);
        var decoded = TiledDecoding.Decode(tile => { calls++; return tile.alias(); }, latents, 1, new(8, 2, 2));
        Assert.Equal(1, calls);
        Assert.Equal(0, (decoded - latents).abs().max().ToSingle());
    }

    [Fact]
    public void Tiles_without_progress_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TiledDecoding.Decode(tile => tile, zeros(1, 1, 9, 9), 1, new(8, 3, 2)));

    [Fact, NoTensorLeaks]
    public void A_model_decodes_in_tiles_where_it_is_told_to()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = TextToImageModel.Load(TinyModels.Write(folder["model"]));
        var latents = Normal(1, 2, 4, 12, 9);
        var whole = model.Decode(latents);
        model.Tiling = new(Size: 6, Margin: 1, Blend: 1);
        var tiled = model.Decode(latents);
        Assert.Equal((whole.Count, whole.Height, whole.Width), (tiled.Count, tiled.Height, tiled.Width));
        Assert.NotEqual(whole.Pixels, tiled.Pixels); // norms see a tile instead of the picture
        model.Tiling = new(Size: 12, Margin: 1, Blend: 1);
        Assert.Equal(whole.Pixels, model.Decode(latents).Pixels);
    }

    private static Tensor Normal(long item, params long[] shape) => AddressedRandom.NormalTensor(new(7, RandomPurpose.DataNoise, Item: item), shape);
}

using Rlcm.Imaging;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Tests.Golden;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Models;

/// <summary>What tiles change in a picture of many tiles, of the autoencoder that ships with the project: the gallery's sheet, 2048 x 1280, encoded and decoded.</summary>
public sealed class EmbeddedTilesTests
{
    private static readonly string Model = Path.Combine(GoldenData.RepositoryRoot, "models", "emoji-lcm");

    [Fact, NoTensorLeaks]
    public void A_picture_of_fifteen_tiles_is_nearly_that_decoded_whole()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var vae = VaeFolder.Load(Path.Combine(Model, "vae"));
        using var sheet = new PixelStore(PngFile.Read(Path.Combine(Model, "gallery", "sheet.png")));
        var latents = vae.Encode(sheet.Batch([0])).Mean;
        Assert.Equal((5, 3), (Tiling.Default.Starts(latents.shape[3]).Count, Tiling.Default.Starts(latents.shape[2]).Count));

        var whole = vae.Decode(latents).ToImages();
        var tiled = TiledDecoding.Decode(vae.Decode, latents, vae.Config.SpatialFactor, Tiling.Default).ToImages();
        int[] differences = [.. whole.Pixels.Zip(tiled.Pixels, (first, second) => Math.Abs(first - second))];
        Assert.InRange(differences.Max(), 1, 48); // found 44 of 255, at the outlines of drawings and not where tiles meet
        Assert.InRange(differences.Average(), 0, 4); // found 3.8
    }
}

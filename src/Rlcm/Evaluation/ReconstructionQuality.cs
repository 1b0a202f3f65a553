using Rlcm.Imaging;
using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using static TorchSharp.torch;

namespace Rlcm.Evaluation;

/// <summary>How well an autoencoder reproduces pictures.</summary>
public static class ReconstructionQuality
{
    private const int BatchSize = 64;

    /// <summary>Peak signal-to-noise ratio of the 8-bit reconstructions, 10 log10(255^2 / MSE) in dB, averaged over the pictures.</summary>
    public static double MeanPsnr(AutoencoderKL vae, ImageBatch images)
    {
        using var pixels = new PixelStore(images);
        var sum = 0.0;
        foreach (var rows in Enumerable.Range(0, images.Count).Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var reconstructed = vae.forward(pixels.Batch(rows)).ToImages();
            for (var i = 0; i < rows.Length; i++)
                sum -= 20 * Math.Log10(PictureDiversity.Distance(images[rows[i]], reconstructed[i]));
        }

        return sum / images.Count;
    }
}

using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models.Vae;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Evaluation;

public sealed class ReconstructionQualityTests
{
    [Fact, NoTensorLeaks]
    public void An_autoencoder_that_always_answers_gray_has_the_closed_form()
    {
        using var scope = NewDisposeScope();
        using var vae = new AutoencoderKL(TinyModels.Vae);
        using (no_grad())
        {
            foreach (var parameter in vae.parameters())
                parameter.zero_();
        }

        // Zero is gray, 128 of 255; two pictures are 10 and 100 away from it everywhere.
        var images = new ImageBatch([.. Enumerable.Repeat((byte)138, 768), .. Enumerable.Repeat((byte)28, 768)], 2, 16, 16);
        var expected = (20 * Math.Log10(255 / 10.0) + 20 * Math.Log10(255 / 100.0)) / 2;
        Assert.Equal(expected, ReconstructionQuality.MeanPsnr(vae, images), 1e-9);
    }
}

using Rlcm.Models.Vae;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>
/// New coordinates for the latents of a trained autoencoder, z' = W (z - m), that leave every reconstruction as it is: W goes into the last
/// layer of the encoder, its inverse into the first of the decoder.
/// </summary>
/// <remarks>
/// L1 training leaves most of the latents' variance to the patches' colors, and what draws edges and eyes at a tenth of their size, below
/// the noise of the steps that a consistency model takes. W = V^T diag(s^-1/2) V has the principal axes V and deviations s of the latents:
/// their deviations become sqrt(s), so that small components count more and none is blown up. W is symmetric, hence channels stay what they were.
/// </remarks>
public static class LatentBalance
{
    /// <summary>Least s, relative to the largest: components below it hold nothing that is worth a channel.</summary>
    private const double Floor = 1e-3;

    /// <summary>Changes the latents of <paramref name="vae"/> to the coordinates in which <paramref name="latents"/> are centred and balanced.</summary>
    /// <param name="vae">A trained autoencoder.</param>
    /// <param name="latents">What it makes of its training pictures, all [B, C, h, w].</param>
    /// <remarks>The posterior's variance, no longer diagonal, is replaced by the diagonal of its mean over the pictures.</remarks>
    public static void Apply(AutoencoderKL vae, IReadOnlyList<LatentDistribution> latents)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var means = Columns(latents.Select(batch => batch.Mean)); // [N h w, C]
        var center = means.mean([0]);
        var transform = Transform(means - center);
        var variance = Columns(latents.Select(batch => batch.LogVariance.exp())).mean([0]);

        var encode = vae.EncoderProjection;
        var channels = center.shape[0];
        var (weight, bias) = (encode.weight!, encode.bias!);
        Rows(weight, 0).copy_(transform.mm(Matrix(Rows(weight, 0))).view_as(Rows(weight, 0)));
        Rows(bias, 0).copy_(transform.mv(Rows(bias, 0).to(ScalarType.Float64) - center));
        Rows(weight, channels).zero_();
        Rows(bias, channels).copy_(transform.Squared().mv(variance).log());

        var decode = vae.DecoderProjection;
        var matrix = Matrix(decode.weight!);
        decode.bias!.add_(matrix.mv(center), Kept(1));
        decode.weight!.copy_(matrix.mm(linalg.inv(transform)).view_as(decode.weight));

        Tensor Rows(Tensor values, long from) => values.narrow(0, from, channels);
    }

    /// <summary>W of centred latents [N, C], [C, C].</summary>
    private static Tensor Transform(Tensor centred)
    {
        var (variances, axes) = linalg.eigh(centred.t().mm(centred) / Kept(centred.shape[0])); // columns are axes
        var deviations = variances.clamp_min(Kept(Floor * Floor * variances.max().ToNumber())).sqrt();
        return axes.mm(deviations.rsqrt().diag()).mm(axes.t());
    }

    private static Tensor Columns(IEnumerable<Tensor> maps) =>
        cat([.. maps.Select(map => map.permute(0, 2, 3, 1).flatten(0, 2).to(ScalarType.Float64))]);

    private static Tensor Matrix(Tensor kernel) => kernel.flatten(1).to(ScalarType.Float64); // of a 1x1 convolution
}

using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class LatentBalanceTests
{
    [Fact, NoTensorLeaks]
    public void It_leaves_no_tensor_behind()
    {
        using var vae = TinyStages.Autoencoder();
        WeightInitializer.Initialize(vae, seed: 1);
        using var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 8, 3, 32, 32);
        var latents = vae.Encode(pictures);
        using var mean = latents.Mean;
        using var logVariance = latents.LogVariance;
        LatentBalance.Apply(vae, [latents]);
    }

    [Fact]
    public void Reconstructions_stay_and_the_deviations_of_the_principal_components_become_their_square_roots()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var vae = new AutoencoderKL(TinyModels.Vae);
        WeightInitializer.Initialize(vae, seed: 1);
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 8, 3, 32, 32);
        var reconstructions = vae.forward(pictures);
        var before = Deviations(vae.Encode(pictures).Mean);

        LatentBalance.Apply(vae, [vae.Encode(pictures.narrow(0, 0, 4)), vae.Encode(pictures.narrow(0, 4, 4))]);

        var latents = vae.Encode(pictures);
        Assert.True((vae.forward(pictures) - reconstructions).abs().max().ToDouble() < 1e-4);
        Assert.True(latents.Mean.mean([0, 2, 3]).abs().max().ToDouble() < 1e-5);
        Assert.True(before[0] > 2 * before[^1], "components of one size would prove nothing");
        Assert.Equal(before.Select(Math.Sqrt), Deviations(latents.Mean), (expected, actual) => Math.Abs(actual / expected - 1) < 1e-3);
    }

    [Fact]
    public void The_variance_becomes_the_mean_variance_in_the_new_coordinates()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var vae = new AutoencoderKL(TinyModels.Vae);
        WeightInitializer.Initialize(vae, seed: 1);
        var pictures = AddressedRandom.NormalTensor(new(1, RandomPurpose.DataNoise), 8, 3, 32, 32);
        var old = vae.Encode(pictures);

        LatentBalance.Apply(vae, [old]);

        // Diagonal of W diag(v) W^T, with W found from what happened to the means.
        var transform = linalg.lstsq(Centred(old.Mean), Centred(vae.Encode(pictures).Mean)).Solution.t();
        var expected = transform.square().mv(old.LogVariance.exp().mean([0, 2, 3]).to(ScalarType.Float64));
        var found = vae.Encode(pictures).LogVariance.exp().to(ScalarType.Float64);
        Assert.True((found / expected.view(1, -1, 1, 1) - 1).abs().max().ToDouble() < 1e-3);
    }

    private static double[] Deviations(Tensor latents)
    {
        var centred = Centred(latents);
        var (variances, _) = linalg.eigh(centred.t().mm(centred) / centred.shape[0]);
        return [.. variances.sqrt().data<double>().Reverse()];
    }

    private static Tensor Centred(Tensor latents)
    {
        var columns = latents.permute(0, 2, 3, 1).flatten(0, 2).to(ScalarType.Float64);
        return columns - columns.mean([0]);
    }
}

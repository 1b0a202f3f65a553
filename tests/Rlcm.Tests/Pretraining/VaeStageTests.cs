using Rlcm.Models.Vae;
using Rlcm.Pretraining;
using Rlcm.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class VaeStageTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1.5, 0)]
    [InlineData(0, 2)]
    [InlineData(-0.7, -3)]
    public void The_divergence_equals_its_integral(double mean, double logVariance)
    {
        using var scope = NewDisposeScope();
        var latents = new LatentDistribution(full(2, 4, 3, 3, mean), full(2, 4, 3, 3, logVariance));
        Assert.Equal(Integral(mean, logVariance), VaeStage.KlDivergence(latents).ToDouble(), 1e-4);
    }

    [Fact]
    public void The_divergence_is_averaged_over_dimensions_and_pictures()
    {
        using var scope = NewDisposeScope();
        var latents = new LatentDistribution(tensor([1f, 0f, 0f, 3f]).view(2, 2, 1, 1), zeros(2, 2, 1, 1));
        Assert.Equal((1 + 9) / 2.0 / 4, VaeStage.KlDivergence(latents).ToDouble(), 1e-6);
    }

    /// <summary>L1 of what is decoded from m + s e, plus 1e-6 times the divergence, which latents far from zero make large enough to be seen.</summary>
    [Theory, NoTensorLeaks]
    [InlineData(0f)]
    [InlineData(500f)]
    public void The_loss_is_the_absolute_error_of_a_posterior_sample_and_a_millionth_of_the_divergence(float shift)
    {
        var settings = new PretrainingSettings { Images = 64, BatchSize = 4 };
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var stage = TinyStages.Vae(online, average, settings);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        online.EncoderProjection.bias![..TinyModels.Vae.LatentChannels].add_(shift);
        var step = Enumerable.Range(0, 20).First(candidate => AddressedRandom.Below(new(settings.Seed, RandomPurpose.Augmentation, candidate), 2) == 1); // mirrored
        using var store = new PixelStore(TinyStages.Images());
        var pictures = store.Batch(new WeightedDraw(TinyStages.Uniform).Rows(new(settings.Seed, RandomPurpose.DataOrder, step), 4)).flip(3);

        var (mean, logVariance) = online.Encode(pictures);
        var noise = AddressedRandom.NormalTensor(new(settings.Seed, RandomPurpose.Posterior, step), mean.shape);
        var error = (online.Decode(mean + exp(logVariance / 2) * noise) - pictures).abs().mean().ToDouble();
        var divergence = (mean * mean + exp(logVariance) - 1 - logVariance).mean().ToDouble() / 2;
        Assert.Equal(error + 1e-6 * divergence, stage.Loss(step).ToDouble(), 1e-5 * (error + 1e-6 * divergence));
        Assert.Equal(shift > 0, 1e-6 * divergence > 0.01 * error);
    }

    [Fact, NoTensorLeaks]
    public void The_loss_depends_on_the_step_alone()
    {
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var stage = TinyStages.Vae(online, average, new() { Images = 64, BatchSize = 4 });
        var loss = Loss(3);
        Assert.NotEqual(loss, Loss(4));
        Assert.Equal(loss, Loss(3));

        double Loss(long step)
        {
            using var value = stage.Loss(step);
            return value.ToDouble();
        }
    }

    [Theory, NoTensorLeaks]
    [InlineData(true)]
    [InlineData(false)]
    public void The_saved_latents_get_new_coordinates_only_where_asked_to(bool balance)
    {
        using var folder = new TemporaryFolder();
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var stage = TinyStages.Vae(online, average, new() { Images = 64, BatchSize = 4 }, balance);
        stage.Save(folder["model"]);

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var saved = VaeFolder.Load(Path.Combine(folder["model"], "vae"));
        var pictures = ones(1, 3, 16, 16);
        Assert.Equal(!balance, saved.Config.ScalingFactor == TinyModels.Vae.ScalingFactor);
        Assert.Equal(!balance, saved.Encode(pictures).Mean.allclose(average.Encode(pictures).Mean, 1e-2, 1e-2));
        Assert.True(saved.forward(pictures).allclose(average.forward(pictures), 1e-2, 1e-2));
    }

    [Fact, NoTensorLeaks]
    public void Latents_are_held_to_those_of_the_anchor()
    {
        var settings = new PretrainingSettings { Images = 64, BatchSize = 4 };
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var anchor = TinyStages.Autoencoder();
        using var free = TinyStages.Vae(online, average, settings);
        using var held = TinyStages.Vae(online, average, settings, anchor: anchor);
        WeightInitializer.CopyFrom(anchor, online);
        using var scope = NewDisposeScope();
        Assert.Equal(free.Loss(3).ToDouble(), held.Loss(3).ToDouble(), 1e-6);

        const double shift = 0.25;
        using (no_grad())
            anchor.EncoderProjection.bias![..TinyModels.Vae.LatentChannels].add_(shift);
        var expected = 5 * Math.Pow(shift * TinyModels.Vae.ScalingFactor, 2);
        Assert.Equal(expected, held.Loss(3).ToDouble() - free.Loss(3).ToDouble(), 1e-4 * expected + 1e-6);
        held.Loss(3).backward();
        Assert.All(anchor.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Theory, NoTensorLeaks]
    [InlineData(true)]
    [InlineData(false)]
    public void Beside_variants_unaltered_and_pale_pictures_alone_are_held(bool pale)
    {
        var settings = new PretrainingSettings { Images = 64, BatchSize = 4 };
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var anchor = TinyStages.Autoencoder();
        using var free = TinyStages.Vae(online, average, settings, variants: true);
        using var held = TinyStages.Vae(online, average, settings, variants: true, anchor: anchor);
        WeightInitializer.CopyFrom(anchor, online);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        anchor.EncoderProjection.weight!.mul_(1.5); // another distance for every picture
        using var store = new PixelStore(TinyStages.Images());

        var (step, rows) = Enumerable.Range(0, 20).Select(Held).First(batch => batch.IsFlaw == pale).Batch;
        var distance = (online.Encode(rows).Mean - anchor.Encode(rows).Mean) * TinyModels.Vae.ScalingFactor;
        var expected = 5 * distance.square().mean().ToDouble();
        Assert.Equal(expected, held.Loss(step).ToDouble() - free.Loss(step).ToDouble(), 1e-4 * expected + 1e-6);

        (bool IsFlaw, (int Step, Tensor Rows) Batch) Held(int candidate)
        {
            var pictures = store.Batch(new WeightedDraw(TinyStages.Uniform).Rows(new(settings.Seed, RandomPurpose.DataOrder, candidate), 4));
            if (AddressedRandom.Below(new(settings.Seed, RandomPurpose.Augmentation, candidate), 2) == 1)
                pictures = pictures.flip(3);
            var variant = PictureVariants.Draw(pictures.narrow(0, 2, 2), new(settings.Seed, RandomPurpose.Augmentation, candidate, Item: 1));
            var plain = pictures.narrow(0, 0, 2);
            return (variant.IsFlaw, (candidate, variant.IsFlaw ? cat([plain, variant.Input]) : plain));
        }
    }

    [Fact, NoTensorLeaks]
    public void Altered_batches_have_a_loss_of_their_own_that_depends_on_the_step_alone()
    {
        var settings = new PretrainingSettings { Images = 64, BatchSize = 4 };
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var plain = TinyStages.Vae(online, average, settings);
        using var varied = TinyStages.Vae(online, average, settings, variants: true);
        using var scope = NewDisposeScope();
        for (var step = 0; step < 12; step++)
        {
            Assert.NotEqual(plain.Loss(step).ToDouble(), varied.Loss(step).ToDouble());
            Assert.Equal(varied.Loss(step).ToDouble(), varied.Loss(step).ToDouble());
        }
    }

    [Fact, NoTensorLeaks]
    public void The_distance_of_spectra_is_a_part_of_the_loss_where_asked_for()
    {
        var settings = new PretrainingSettings { Images = 64, BatchSize = 4 };
        using var online = TinyStages.Autoencoder();
        using var average = TinyStages.Autoencoder();
        using var plain = TinyStages.Vae(online, average, settings);
        using var matched = TinyStages.Vae(online, average, settings, matchSpectrum: true);
        using var scope = NewDisposeScope();
        using var store = new PixelStore(TinyStages.Images());
        var step = Enumerable.Range(0, 20).First(candidate => AddressedRandom.Below(new(settings.Seed, RandomPurpose.Augmentation, candidate), 2) == 0); // not mirrored
        var pictures = store.Batch(new WeightedDraw(TinyStages.Uniform).Rows(new(settings.Seed, RandomPurpose.DataOrder, step), 4));
        var latents = online.Encode(pictures);
        var noise = AddressedRandom.NormalTensor(new(settings.Seed, RandomPurpose.Posterior, step), latents.Mean.shape);
        var expected = 0.3 * JpegSpectrum.Distance(online.Decode(latents.Mean + (latents.LogVariance * 0.5).exp() * noise), pictures).ToDouble();
        Assert.InRange(expected, 1e-4, double.MaxValue);
        Assert.Equal(expected, matched.Loss(step).ToDouble() - plain.Loss(step).ToDouble(), 1e-5);
    }

    /// <summary>Integral of q ln(q/p) for q = N(m, v) and p = N(0, 1), by the midpoint rule over twelve deviations.</summary>
    private static double Integral(double mean, double logVariance)
    {
        const int count = 20_000;
        var std = Math.Exp(logVariance / 2);
        var width = 24 * std / count;
        return Enumerable.Range(0, count).Sum(i =>
        {
            var x = mean + (i + 0.5) * width - 12 * std;
            var logQ = -0.5 * Math.Pow((x - mean) / std, 2) - Math.Log(std);
            return Math.Exp(logQ) / Math.Sqrt(2 * Math.PI) * (logQ + 0.5 * x * x) * width;
        });
    }
}

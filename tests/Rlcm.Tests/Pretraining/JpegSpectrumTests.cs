using Rlcm.Imaging;
using Rlcm.Pretraining;
using Rlcm.Rewards;
using Rlcm.Tests.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class JpegSpectrumTests
{
    private const int Luma = 32 * 32; // coefficients of the first plane of a 32x32 picture

    [Fact, NoTensorLeaks]
    public void One_color_has_constant_terms_alone()
    {
        using var scope = NewDisposeScope();
        var lengths = JpegSpectrum.Lengths(full(2, 3, 32, 32, 0.5f));
        Assert.Equal([2, Luma * 3 / 2], lengths.shape);
        Assert.Equal(Math.Log(1 + 8 * 0.5 * 127.5 / 2), lengths[1, 0].ToDouble(), 1e-4); // the sum of a block by 8, in steps of 2
        Assert.Equal(16, (lengths[1] > 1e-3).sum().ToInt32()); // one in each of the luma blocks; gray has no chroma
    }

    /// <summary>A wave of one frequency is one coefficient in every block: by hand from the definition of the transform and table K.1.</summary>
    [Theory, NoTensorLeaks]
    [InlineData(1, 0, 1)] // 12 at quality 95: (120 + 50) / 100
    [InlineData(0, 2, 1)] // 10
    [InlineData(3, 5, 9)] // 87
    [InlineData(7, 7, 10)] // 99
    public void A_wave_is_one_coefficient_in_its_quantization_step(int down, int across, int step)
    {
        using var scope = NewDisposeScope();
        var wave = outer(Wave(down), Wave(across)).repeat(4, 4).expand(1, 3, -1, -1) * 0.2f;
        var lengths = JpegSpectrum.Lengths(wave)[0, ..Luma].view(16, 64);
        var norm = (down == 0 ? Math.Sqrt(8) : 2) * (across == 0 ? Math.Sqrt(8) : 2);
        Assert.Equal(Math.Log(1 + 0.2 * 127.5 * norm / step), lengths[5, 8 * down + across].ToDouble(), 1e-3);
        Assert.Equal(16, (lengths > 1e-2).sum().ToInt32());

        static Tensor Wave(int frequency) => tensor(Enumerable.Range(0, 8).Select(n => (float)Math.Cos((2 * n + 1) * frequency * Math.PI / 16)).ToArray());
    }

    /// <summary>JFIF: red (1, -1, -1) has Cr = (R - Y) / 1.402 and Cb = (B - Y) / 1.772 with Y = 0.299 R + 0.587 G + 0.114 B.</summary>
    [Fact, NoTensorLeaks]
    public void Chroma_is_that_of_JFIF()
    {
        using var scope = NewDisposeScope();
        var red = tensor([1f, -1f, -1f]).view(1, 3, 1, 1).expand(1, 3, 32, 32);
        var lengths = JpegSpectrum.Lengths(red)[0];
        const double luma = 0.299 - 0.587 - 0.114;
        Assert.Equal(Math.Log(1 + 8 * 127.5 * Math.Abs(-1 - luma) / 1.772 / 2), lengths[Luma].ToDouble(), 1e-4);
        Assert.Equal(Math.Log(1 + 8 * 127.5 * (1 - luma) / 1.402 / 2), lengths[Luma + 256].ToDouble(), 1e-4);
    }

    [Fact, NoTensorLeaks]
    public void The_distance_is_the_mean_difference_and_has_gradients()
    {
        using var scope = NewDisposeScope();
        var pictures = full(1, 3, 32, 32, 0.5f).requires_grad_(true);
        var distance = JpegSpectrum.Distance(pictures, zeros(1, 3, 32, 32));
        Assert.Equal(16 * Math.Log(1 + 8 * 0.5 * 127.5 / 2) / (1.5 * Luma), distance.ToDouble(), 1e-5);
        distance.backward();
        Assert.True(pictures.grad!.isfinite().all().ToBoolean());
        Assert.InRange(pictures.grad.abs().max().ToDouble(), 1e-9, double.MaxValue);
        Assert.Equal(0, JpegSpectrum.Distance(pictures, pictures).ToDouble());
    }

    /// <summary>What it is for: pictures of equal spectra make files of equal size.</summary>
    [Fact, NoTensorLeaks]
    public void Sums_of_lengths_follow_the_sizes_of_files()
    {
        using var scope = NewDisposeScope();
        var pictures = new ImageBatch([.. Enumerable.Range(0, 24).SelectMany(seed => Drawings.Noisy(Drawings.Rectangles(seed), seed, amplitude: seed % 6))], 24, 64, 64);
        double[] sizes = [.. Enumerable.Range(0, pictures.Count).Select(index => (double)JpegSize.Measure(pictures[index], pictures.Height, pictures.Width))];
        var pixels = tensor(pictures.Pixels).view(pictures.Count, pictures.Height, pictures.Width, 3).permute(0, 3, 1, 2).to(ScalarType.Float32) / 127.5 - 1;
        double[] lengths = [.. JpegSpectrum.Lengths(pixels).sum(1).data<float>().Select(sum => (double)sum)];
        Assert.InRange(Correlation(sizes, lengths), 0.97, 1);
    }

    private static double Correlation(double[] x, double[] y)
    {
        var (mx, my) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - mx) * (b - my)).Sum() / Math.Sqrt(x.Sum(a => (a - mx) * (a - mx)) * y.Sum(b => (b - my) * (b - my)));
    }
}

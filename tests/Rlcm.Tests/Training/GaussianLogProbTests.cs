using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class GaussianLogProbTests : IDisposable
{
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void It_equals_the_closed_form()
    {
        var (sample, mean) = (Random(1), Random(2));
        double[] std = [0.3, 0.9];
        var means = GaussianLogProb.Compute(sample, mean, LogProbReduction.Mean, std);
        var sums = GaussianLogProb.Compute(sample, mean, LogProbReduction.Sum, std);
        Assert.Equal([2], means.shape);

        var (x, mu) = (sample.data<float>().ToArray(), mean.data<float>().ToArray());
        var d = x.Length / 2;
        for (var n = 0; n < 2; n++)
        {
            var expected = Enumerable.Range(n * d, d).Average(i =>
                -Math.Pow(x[i] - (double)mu[i], 2) / (2 * std[n] * std[n]) - Math.Log(std[n]) - 0.5 * Math.Log(2 * Math.PI));
            Assert.Equal(expected, means[n].item<float>(), 2e-6 * Math.Abs(expected));
            Assert.Equal(d * expected, sums[n].item<float>(), 2e-6 * d * Math.Abs(expected));
        }
    }

    [Fact]
    public void One_std_for_all_equals_the_same_std_for_each()
    {
        var (sample, mean) = (Random(1), Random(2));
        Assert.Equal(
            GaussianLogProb.Compute(sample, mean, LogProbReduction.Mean, 0.7, 0.7).data<float>().ToArray(),
            GaussianLogProb.Compute(sample, mean, LogProbReduction.Mean, 0.7).data<float>().ToArray());
    }

    [Theory]
    [InlineData(0.7)]
    [InlineData(0.3, 0.9)]
    public void It_works_on_another_device_than_the_processor(params double[] std)
    {
        // The meta device computes shapes only, but refuses to mix devices as a GPU does.
        var (sample, mean) = (Random(1).to(torch.META), Random(2).to(torch.META));
        Assert.Equal([2], GaussianLogProb.Compute(sample, mean, LogProbReduction.Mean, std).shape);
    }

    [Theory]
    [InlineData(LogProbReduction.Mean)]
    [InlineData(LogProbReduction.Sum)]
    public void Its_gradient_by_the_mean_equals_finite_differences(LogProbReduction reduction)
    {
        const double step = 1e-4;
        var sample = Random(1).to(torch.ScalarType.Float64);
        var mean = Random(2).to(torch.ScalarType.Float64).requires_grad_();
        GaussianLogProb.Compute(sample, mean, reduction, 0.5).sum().backward();
        var gradient = mean.grad!.data<double>().ToArray();

        using var noGrad = torch.no_grad();
        for (var i = 0; i < gradient.Length; i++)
        {
            var difference = (Shifted(step) - Shifted(-step)) / (2 * step);
            Assert.Equal(difference, gradient[i], 1e-6);

            double Shifted(double by)
            {
                var moved = mean.detach().clone();
                moved.view(-1)[i] += by;
                return GaussianLogProb.Compute(sample, moved, reduction, 0.5).sum().item<double>();
            }
        }
    }

    [Fact]
    public void No_gradient_flows_into_the_sample()
    {
        var sample = Random(1).requires_grad_();
        GaussianLogProb.Compute(sample, Random(2).requires_grad_(), LogProbReduction.Mean, 1).sum().backward();
        Assert.Null(sample.grad);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void A_transition_without_noise_has_no_log_probability(double std) =>
        Assert.Throws<ArgumentException>(() => GaussianLogProb.Compute(Random(1), Random(2), LogProbReduction.Mean, std));

    private static torch.Tensor Random(int item) =>
        AddressedRandom.NormalTensor(new RandomAddress(8, RandomPurpose.InitialNoise, Item: item), 2, 3, 2, 2);
}

using Rlcm.Training;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class PpoLossTests : IDisposable
{
    private static readonly PpoSettings Mean = new(ClipRange: 0.1, AdvantageClip: 10, LogProbReduction.Mean, LatentDimensions: 20);
    private static readonly PpoSettings Sum = Mean with { Reduction = LogProbReduction.Sum };
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>By hand: r = 1.2 and 0.8 lie outside 0.9..1.1; the clip acts only where it makes the objective smaller.</summary>
    [Theory]
    [InlineData(1.2, 2, -2.2)]   // gain capped
    [InlineData(0.8, 2, -1.6)]   // loss of a good action counts in full
    [InlineData(1.2, -2, 2.4)]   // gain of a bad action counts in full
    [InlineData(0.8, -2, 1.8)]   // gain from avoiding a bad action capped
    [InlineData(1.05, 2, -2.1)]  // inside
    [InlineData(1, 50, -10)]     // advantage clamped
    [InlineData(1, -50, 10)]
    public void One_entry_gives_the_loss_computed_by_hand(double ratio, double advantage, double expected)
    {
        Assert.Equal(expected, Loss([Math.Log(ratio)], [0], [advantage], Mean).Loss, 1e-12);
        Assert.Equal(expected, Loss([-3 + Math.Log(ratio)], [-3], [advantage], Mean).Loss, 1e-12);
    }

    [Fact]
    public void Entries_are_averaged_and_measured()
    {
        double[] ratios = [1.2, 0.8, 1.05, 1];
        var metrics = Loss([.. ratios.Select(r => Math.Log(r))], [0, 0, 0, 0], [2, 2, 2, -50], Mean);
        Assert.Equal((-2.2 - 1.6 - 2.1 + 10) / 4, metrics.Loss, 1e-12);
        Assert.Equal(ratios.Average(), metrics.RatioMean, 1e-12);
        Assert.Equal(0.5, metrics.ClipFraction);
        Assert.Equal(0.5 * ratios.Average(r => Math.Pow(Math.Log(r), 2)), metrics.ApproxKl, 1e-12);
    }

    [Fact]
    public void Sums_are_clipped_and_measured_per_latent_dimension()
    {
        double[] ratios = [1.2, 0.8, 1.05, 1];
        double[] advantages = [0.1, -0.1, 0.1, 0.1];
        var metrics = Loss([.. ratios.Select(r => 20 * Math.Log(r))], [0, 0, 0, 0], advantages, Sum);
        var expected = (-0.1 * Math.Pow(1.1, 20) + 0.1 * Math.Pow(0.9, 20) - 0.1 * Math.Pow(1.05, 20) - 0.1) / 4;
        Assert.Equal(expected, metrics.Loss, 1e-12);
        Assert.Equal(ratios.Average(), metrics.RatioMean, 1e-12);
        Assert.Equal(0.5, metrics.ClipFraction);
        Assert.Equal(0.5 * ratios.Average(r => Math.Pow(Math.Log(r), 2)), metrics.ApproxKl, 1e-12);
    }

    [Theory]
    [InlineData(LogProbReduction.Mean)]
    [InlineData(LogProbReduction.Sum)]
    public void The_policy_gradient_equals_finite_differences(LogProbReduction reduction)
    {
        const double step = 1e-6;
        var settings = Mean with { Reduction = reduction };
        double[] logProbs = [0.25, -0.3, 0.04, -0.02, 0.3, -0.25];
        double[] old = [0, 0, 0, 0, 0.01, 0.02];
        double[] advantages = [1.5, 1.5, -2, 0.5, -1, -1];
        var input = torch.tensor(logProbs).requires_grad_();
        PpoLoss.Compute(input, torch.tensor(old), torch.tensor(advantages), settings).Loss.backward();
        var gradient = input.grad!.data<double>().ToArray();

        for (var i = 0; i < logProbs.Length; i++)
        {
            var difference = (Shifted(step) - Shifted(-step)) / (2 * step);
            Assert.Equal(difference, gradient[i], 1e-8);

            double Shifted(double by) => Loss([.. logProbs.Select((value, k) => k == i ? value + by : value)], old, advantages, settings).Loss;
        }

        Assert.Contains(gradient, value => value != 0);
    }

    [Fact]
    public void At_ratio_one_the_gradient_is_that_of_REINFORCE()
    {
        var logProb = torch.tensor(new[] { -1.0, -2.0 }).requires_grad_();
        PpoLoss.Compute(logProb, logProb.detach(), torch.tensor(new[] { 3.0, -1.0 }), Mean).Loss.backward();
        Assert.Equal([-1.5, 0.5], logProb.grad!.data<double>().ToArray());
    }

    [Fact]
    public void Minibatches_of_any_size_add_up_to_the_same_loss()
    {
        double[] logProbs = [0.25, -0.3, 0.04, -0.02], old = [0, 0.1, 0, 0.2], advantages = [1.5, 1.5, -2, 0.5];
        var whole = Loss(logProbs, old, advantages, Mean).Loss;
        var halves = (Loss(logProbs[..2], old[..2], advantages[..2], Mean).Loss + Loss(logProbs[2..], old[2..], advantages[2..], Mean).Loss) / 2;
        Assert.Equal(whole, halves, 1e-14);
    }

    [Fact]
    public void A_mean_divergence_is_that_of_the_pictures_that_were_compared()
    {
        PpoMetrics[] parts = [new(1, 1, 0, 0, 3, Compared: 1), new(2, 1, 0, 0), new(3, 1, 0, 0, 6, Compared: 0.5)];
        Assert.Equal(new(2, 1, 0, 0, 4, Compared: 0.5), PpoMetrics.Mean(parts));
        Assert.Null(PpoMetrics.Mean(parts[1..2]).ReferenceKl);
    }

    [Fact]
    public void Different_shapes_are_refused() =>
        Assert.Throws<ArgumentException>(() => PpoLoss.Compute(torch.zeros(4), torch.zeros(4), torch.zeros(4, 1), Mean));

    private static PpoMetrics Loss(double[] logProbs, double[] old, double[] advantages, PpoSettings settings) =>
        PpoLoss.Compute(torch.tensor(logProbs), torch.tensor(old), torch.tensor(advantages), settings).Metrics;
}

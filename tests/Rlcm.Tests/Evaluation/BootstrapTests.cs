using Rlcm.Evaluation;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class BootstrapTests
{
    [Fact]
    public void Of_normal_values_it_is_that_of_the_normal_distribution()
    {
        var values = Normal(400, mean: 3, deviation: 2, seed: 5);
        var mean = values.Average();
        var error = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) / values.Length);
        var estimate = Bootstrap.Mean(values);
        Assert.Equal(mean, estimate.Mean, 1e-12);
        // The ends of 10,000 resamples themselves scatter by some 2 % of the error at one standard deviation.
        Assert.Equal(mean - 1.96 * error, estimate.Interval!.Value.Low, 0.08 * error);
        Assert.Equal(mean + 1.96 * error, estimate.Interval!.Value.High, 0.08 * error);
    }

    /// <summary>The number of ones among n values drawn from n, of which one is a one, is binomial (n, 1/n).</summary>
    [Theory]
    [InlineData(2, 0, 1)] // 0, 1/2, 1 with 1/4, 1/2, 1/4
    [InlineData(4, 0, 0.75)] // at most 2: 94.9 %; at most 3: 99.6 %
    [InlineData(40, 0, 0.075)] // at most 2: 92.2 %; at most 3: 98.3 %
    public void Of_a_single_one_among_zeros_it_is_binomial(int count, double low, double high)
    {
        double[] values = [1, .. Enumerable.Repeat(0.0, count - 1)];
        Assert.Equal(new Interval(low, high), Bootstrap.Mean(values).Interval);
    }

    [Fact]
    public void It_holds_the_true_mean_about_as_often_as_it_says()
    {
        var held = Enumerable.Range(0, 100).Count(seed => Bootstrap.Mean(Normal(40, mean: 1, deviation: 1, (ulong)seed)).Interval is { Low: < 1, High: > 1 });
        Assert.InRange(held, 88, 99); // 94 % are expected of 40 values
    }

    [Fact]
    public void It_is_the_same_every_time() => Assert.Equal(Bootstrap.Mean([1, 5, 9]), Bootstrap.Mean([1, 5, 9]));

    [Fact]
    public void It_moves_and_stretches_with_the_values()
    {
        var (plain, moved) = (Bootstrap.Mean([1, 4, 2, 8]).Interval!.Value, Bootstrap.Mean([7, 13, 9, 21]).Interval!.Value);
        Assert.Equal(5 + 2 * plain.Low, moved.Low, 1e-12);
        Assert.Equal(5 + 2 * plain.High, moved.High, 1e-12);
    }

    [Fact]
    public void A_single_value_has_no_interval_and_none_no_mean()
    {
        Assert.Equal(new Estimate(4, Interval: null), Bootstrap.Mean([4]));
        Assert.Throws<ArgumentException>(() => Bootstrap.Mean([]));
    }

    private static double[] Normal(int count, double mean, double deviation, ulong seed)
    {
        var numbers = new float[count];
        AddressedRandom.Normal(new(seed, RandomPurpose.DataNoise), numbers);
        return Array.ConvertAll(numbers, number => mean + deviation * number);
    }
}

using Rlcm.Comparison;
using Rlcm.Evaluation;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Comparison;

public sealed class SeedMeanTests : IDisposable
{
    private const double T2 = 4.302652729749463; // 0.95 sqrt(2 / (4 0.975 0.025)): the quantile of 0.975 with 2 degrees of freedom

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_interval_is_that_of_Student()
    {
        var half = T2 * Math.Sqrt(3.25 / 3); // of 1, 2 and 4.5: mean 2.5, squares 2.25 + 0.25 + 4
        var (mean, interval) = SeedMean.OfValues([1, 2, 4.5]);
        Assert.Equal(2.5, mean, 1e-15);
        Assert.Equal(2.5 - half, interval!.Value.Low, 1e-12);
        Assert.Equal(2.5 + half, interval.Value.High, 1e-12);
    }

    [Fact]
    public void Of_two_values_it_is_the_tangent_wide()
    {
        var half = Math.Tan(0.475 * Math.PI) * 0.5; // s / sqrt(2) is half of their distance
        Assert.Equal(4 + half, SeedMean.OfValues([3.5, 4.5]).Interval!.Value.High, 1e-12);
    }

    [Fact]
    public void A_single_value_has_no_interval_and_equal_ones_have_none_to_speak_of()
    {
        Assert.Equal(new Estimate(0.1, Interval: null), SeedMean.OfValues([0.1]));
        Assert.Equal(new Estimate(0.1, new(0.1, 0.1)), SeedMean.OfValues([0.1, 0.1, 0.1]));
        Assert.Throws<ArgumentException>(() => SeedMean.OfValues((double[])[]));
        Assert.Throws<ArgumentException>(() => SeedMean.Of((Curve[])[]));
    }

    [Fact]
    public void It_covers_the_mean_of_normal_values_in_95_of_100_cases()
    {
        const int cases = 10_000;
        var values = new float[3 * cases];
        AddressedRandom.Normal(new(Seed: 11, RandomPurpose.DataNoise), values);
        var covered = values.Chunk(3).Count(three => SeedMean.OfValues([.. three.Select(value => (double)value)]).Interval is { Low: <= 0, High: >= 0 });
        Assert.InRange((double)covered / cases, 0.9435, 0.9565); // 3 standard deviations of sqrt(0.95 0.05 / cases)
    }

    [Fact]
    public void A_seed_that_ended_early_keeps_its_last_value()
    {
        var mean = SeedMean.Of([new Curve([0, 10, 20], [1, 2, 6]), new Curve([0, 10], [3, 4])]);
        Assert.Equal([(0, 2), (10, 3), (20, 5)], mean.Points.Select(point => (point.X, point.Value.Mean)));
        Assert.Equal([2, 3, 5], mean.Curve.Y);
        Assert.Equal([0, 10, 20], mean.Curve.X);
    }

    [Fact]
    public void By_time_points_lie_at_the_mean_and_go_on_as_those_that_run_do()
    {
        var mean = SeedMean.Of([new Curve([0, 100, 200], [0, 1, 2]), new Curve([0, 10, 20, 30], [0, 1, 2, 3])]);
        Assert.Equal([0, 55, 110, 120], mean.Curve.X); // the slow one ended
        Assert.Equal(2.5, mean.Curve.Highest);
    }

    [Fact]
    public void Runs_become_curves_over_what_is_asked_for()
    {
        var first = Run("first", (0, 1), (5, 2), (10, 4));
        var curves = SeedCurves.Of([first, Run("second", (0, 1), (5, 3))], point => point.Queries);
        Assert.Equal([0, 80, 160], curves[0].X);
        Assert.Equal([1, 3], curves[1].Y);
        Assert.Equal([0, 750, 1500], SeedCurves.Of([first], new EvaluationClock(0.5).Seconds)[0].X); // 300 evaluations an update
        var other = Run("other", (0, 1), (4, 2));
        Assert.Equal(
            $"The run {other.Path} was evaluated after update 4, expected 5 as of {first.Path}; compare runs of one configuration that differ by their seeds.",
            Assert.Throws<UserErrorException>(() => SeedCurves.Of([first, other], point => point.Update)).Message);
    }

    [Fact]
    public void A_clock_without_a_count_is_an_error()
    {
        var uncounted = new CurvePoint(3, 48, 90, SamplingEvaluations: null, TrainingEvaluations: null, 1, 0, 64, RecognizedShare: null);
        Assert.Contains("until update 3 were not counted", Assert.Throws<InvalidOperationException>(() => new EvaluationClock(1).Seconds(uncounted)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.95, 1, 12.706204736174705)] // tan(0.475 pi)
    [InlineData(0.95, 2, T2)]
    [InlineData(0.95, 3, 3.182446305283710)] // the rest from published tables
    [InlineData(0.95, 4, 2.776445105197793)]
    [InlineData(0.95, 9, 2.262157162798205)]
    [InlineData(0.95, 29, 2.045229642132703)]
    [InlineData(0.99, 5, 4.032142983555228)]
    [InlineData(0.95, 1000, 1.962339080792)]
    public void Quantiles_of_Student_are_those_of_closed_forms_and_tables(double probability, int degrees, double expected) =>
        Assert.Equal(expected, StudentT.TwoSidedQuantile(probability, degrees), 1e-10);

    private RunCurve Run(string name, params (int Update, double Reward)[] evaluations) => RunCurve.Read(WrittenRun.Write(
        _folder[name], new TrainConfig(), [.. evaluations.Select(point => (object)WrittenRun.Evaluated(point.Update, point.Reward)), .. Enumerable.Range(1, 10).Select(update => (object)WrittenRun.Update(update, 0))]));
}

using Rlcm.Pretraining;
using Xunit;

namespace Rlcm.Tests.Pretraining;

public sealed class PretrainingSettingsTests
{
    private static readonly PretrainingSettings Settings = new() { Images = 6400, BatchSize = 64, LearningRate = 1e-3, WarmupSteps = 10, DecayShare = 0.25 };

    [Theory]
    [InlineData(0, 1e-4)] // first of 10 steps of warm-up
    [InlineData(4, 5e-4)]
    [InlineData(9, 1e-3)]
    [InlineData(50, 1e-3)]
    [InlineData(75, 1e-3)] // 25 steps from the end
    [InlineData(76, 24e-3 / 25)]
    [InlineData(99, 1e-3 / 25)] // the last step
    public void The_learning_rate_rises_stays_and_falls(long step, double expected) => Assert.Equal(expected, Settings.LearningRateAt(step), 1e-15);

    [Fact]
    public void Without_warm_up_the_first_step_has_the_peak_rate() => Assert.Equal(1e-3, (Settings with { WarmupSteps = 0 }).LearningRateAt(0), 1e-15);

    [Fact]
    public void In_a_run_shorter_than_its_warm_up_the_lower_of_both_rates_counts()
    {
        var settings = Settings with { Images = 8 * 64, DecayShare = 1 };
        Assert.Equal([1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 3.75e-4, 2.5e-4, 1.25e-4],
            Enumerable.Range(0, 8).Select(step => Math.Round(settings.LearningRateAt(step), 12)));
    }

    [Theory]
    [InlineData(6400, 100)]
    [InlineData(6463, 100)]
    [InlineData(1, 1)]
    public void Steps_are_whole_batches_and_at_least_one(long images, long expected) => Assert.Equal(expected, (Settings with { Images = images }).Steps);
}

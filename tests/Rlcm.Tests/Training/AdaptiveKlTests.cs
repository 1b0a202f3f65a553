using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class AdaptiveKlTests
{
    [Theory]
    [InlineData(0.5, 0.5)] // on target
    [InlineData(0.55, 0.5 * 1.01)] // 10 % above: + 0.1 * 0.1
    [InlineData(0.45, 0.5 * 0.99)]
    [InlineData(5, 0.5 * 1.02)] // clipped at 20 %
    [InlineData(0, 0.5 * 0.98)]
    public void The_weight_follows_the_error_within_a_fifth(double divergence, double expected) =>
        Assert.Equal(expected, AdaptiveKl.Next(0.5, divergence, target: 0.5), 1e-12);

    [Fact]
    public void Where_the_divergence_falls_as_the_weight_rises_the_target_is_reached()
    {
        var coefficient = 1e-3;
        for (var update = 0; update < 1000; update++)
            coefficient = AdaptiveKl.Next(coefficient, 0.02 / coefficient, target: 2);
        Assert.Equal(2, 0.02 / coefficient, 1e-9);
    }
}

using Rlcm.Training;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

public sealed class ExponentialMovingAverageTests
{
    [Fact]
    public void The_decay_warms_up_and_the_average_follows()
    {
        using var value = tensor([1f, 2f]);
        using var average = zeros(2);
        var ema = new ExponentialMovingAverage([("w", value, average)], decay: 0.15);

        ema.Update(); // d = 0.1
        Assert.Equal([0.9f, 1.8f], average.data<float>().ToArray());
        ema.Update(); // d = min(0.15, 2/11)
        Assert.Equal(0.15 * 0.9 + 0.85, average.data<float>()[0], 1e-6);
        Assert.Equal(2, ema.Count);
        Assert.Equal("ema.w", Assert.Single(ema.State()).Key);
        Assert.Equal(2.0 / 11, ExponentialMovingAverage.DecayAt(1, 0.999), 1e-12);
        Assert.Equal(0.999, ExponentialMovingAverage.DecayAt(1_000_000, 0.999));
    }
}

using Rlcm.Benchmarks;
using Rlcm.Synthetic;
using Xunit;

namespace Rlcm.Tests.Benchmarks;

public sealed class FullSizeBenchmarkTests
{
    [Fact, NoTensorLeaks]
    public void Every_part_is_timed_and_compared_with_the_peak()
    {
        var benchmark = new FullSizeBenchmark(new(Height: 16, Width: 24, Batch: 2, Repeats: 1) { Shape = SyntheticShape.Tiny, MatrixSize = 256 });
        BenchmarkResult[] results = [.. benchmark.MeasureUnet(), benchmark.MeasureDecoder()];
        Assert.Equal(["U-Net forward", "U-Net forward + backward", "VAE decoder"], results.Select(result => result.Part));
        Assert.All(results, result =>
        {
            Assert.True(result.Seconds > 0 && result.Flops > 0 && result.Peak > 0 && result.PeakBytes > 0);
            Assert.InRange(result.Share, 0, 1);
        });
        Assert.InRange(results[1].Flops / results[0].Flops, 1.5, 2.5);
    }
}

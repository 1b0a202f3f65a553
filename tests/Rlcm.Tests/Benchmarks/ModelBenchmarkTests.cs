using Rlcm.Benchmarks;
using Rlcm.Synthetic;
using Xunit;

namespace Rlcm.Tests.Benchmarks;

public sealed class ModelBenchmarkTests
{
    [Fact, NoTensorLeaks]
    public void Every_part_is_timed_and_compared_with_the_peak()
    {
        using var folder = new TemporaryFolder();
        using var benchmark = new ModelBenchmark(
            SyntheticModel.Write(folder["model"], SyntheticShape.Tiny, new()), new(Height: 16, Width: 24, Batch: 2, Repeats: 1) { MatrixSize = 256 });
        BenchmarkResult[] results =
        [
            benchmark.MeasureForward(), benchmark.MeasureBackward(checkpointing: false), benchmark.MeasureBackward(checkpointing: true), benchmark.MeasureDecoder(),
            benchmark.MeasureUpdate(),
        ];
        Assert.Equal(
            ["U-Net forward", "U-Net forward + backward", "U-Net forward + backward, recomputing", "VAE decoder", "update of 4 pictures, H = 4, recomputing"],
            results.Select(result => result.Part));
        Assert.All(results, result => Assert.True(result.Seconds > 0 && result.Flops > 0 && result.Peak > 0 && result.PeakBytes > 0 && result.Share > 0));
        Assert.InRange((results[1].Flops / results[0].Flops)!.Value, 1.5, 2.5);
        Assert.Equal(results[1].Flops, results[2].Flops); // recomputation is no work
        var expected = 2 * (4 * results[0].Flops + results[3].Flops + 3 * results[1].Flops); // of four steps, the last is not trained
        Assert.Equal(expected!.Value, results[4].Flops!.Value, expected.Value * 1e-12);
    }

    [Fact, NoTensorLeaks]
    public void Loading_tells_how_much_it_loaded()
    {
        using var folder = new TemporaryFolder();
        using var benchmark = new ModelBenchmark(SyntheticModel.Write(folder["model"], SyntheticShape.Tiny, new()), new());
        var files = Directory.GetFiles(folder["model"], "*.safetensors", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        Assert.InRange(benchmark.Loading.LoadedBytes!.Value, files / 2, files); // headers are a good part of so small files
        Assert.Null(benchmark.Loading.Share);
    }
}

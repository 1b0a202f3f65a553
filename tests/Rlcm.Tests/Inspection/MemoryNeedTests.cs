using Rlcm.Inspection;
using Rlcm.Models;
using Rlcm.Synthetic;
using Xunit;

namespace Rlcm.Tests.Inspection;

public sealed class MemoryNeedTests
{
    private static readonly long[] Parameters = [859_602_884, 83_653_863, 123_060_480];

    /// <summary>Peaks of a model as large as LCM_Dreamshaper_v7, measured with <c>rlcm bench</c>: docs/checkpoints.md.</summary>
    [Theory]
    [InlineData(512, 1, true, ComputePrecision.Fp32, 6.44)]
    [InlineData(512, 1, false, ComputePrecision.Fp32, 7.47)]
    [InlineData(512, 2, true, ComputePrecision.Fp32, 6.77)]
    [InlineData(512, 2, false, ComputePrecision.Fp32, 9.28)]
    [InlineData(512, 1, true, ComputePrecision.Bf16, 6.03)]
    [InlineData(512, 2, false, ComputePrecision.Bf16, 6.62)]
    [InlineData(512, 4, false, ComputePrecision.Bf16, 7.88)]
    public void Predictions_are_near_what_was_measured(int side, int microBatch, bool checkpointing, ComputePrecision precision, double gigabytes)
    {
        var shape = SyntheticShape.FullSize;
        var need = MemoryNeed.Estimate(shape.Unet, shape.Vae, Parameters, side, side, microBatch, checkpointing, precision);
        Assert.InRange(need.Bytes / 1e9, 0.85 * gigabytes, 1.15 * gigabytes);
    }

    [Theory]
    [InlineData(512, 2, true, "compression-512")]
    [InlineData(768, 2, false, "compression incompression")]
    [InlineData(64, 32, false, "alignment quick")]
    [InlineData(64, 16, false, "ddpo")]
    [InlineData(512, 1, true, "")]
    public void Presets_are_named_where_they_need_it(int side, int microBatch, bool checkpointing, string expected) =>
        Assert.Equal(expected, string.Join(' ', new MemoryNeed(side, side, microBatch, checkpointing, ComputePrecision.Fp32, Bytes: 0).Presets()));

    [Fact]
    public void Memory_grows_with_pictures_and_batches_and_shrinks_by_recomputing()
    {
        var shape = SyntheticShape.FullSize;
        long Need(int side, int microBatch, bool checkpointing) => MemoryNeed.Estimate(shape.Unet, shape.Vae, Parameters, side, side, microBatch, checkpointing, ComputePrecision.Fp32).Bytes;
        Assert.True(Need(512, 1, false) < Need(512, 2, false) && Need(512, 1, false) < Need(768, 1, false) && Need(512, 1, true) < Need(512, 1, false));
    }
}

using Rlcm.Imaging;
using Rlcm.Pretraining;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class PixelStoreTests
{
    [Fact, NoTensorLeaks]
    public void Every_byte_survives_the_way_to_floats_and_back()
    {
        using var scope = NewDisposeScope();
        var images = new ImageBatch([.. Enumerable.Range(0, 4 * 8 * 8 * 3).Select(value => (byte)value)], 4, 8, 8);
        using var store = new PixelStore(images);
        Assert.Equal(images.Pixels, store.Batch([0, 1, 2, 3]).ToImages().Pixels);
    }

    [Fact]
    public void Rows_come_in_the_order_asked_for_as_planes_in_minus_one_to_one()
    {
        using var scope = NewDisposeScope();
        using var store = new PixelStore(new ImageBatch([0, 51, 255, 204, 102, 153], 2, 1, 1));
        var batch = store.Batch([1, 0, 1]);
        Assert.Equal([3, 3, 1, 1], batch.shape);
        float[] expected = [0.6f, -0.2f, 0.2f, -1, -0.6f, 1, 0.6f, -0.2f, 0.2f];
        Assert.All(batch.contiguous().data<float>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    [Fact, NoTensorLeaks]
    public void A_disposed_store_leaves_nothing_behind()
    {
        using var store = new PixelStore(new ImageBatch(new byte[2 * 4 * 4 * 3], 2, 4, 4));
        using var batch = store.Batch([0]);
    }
}

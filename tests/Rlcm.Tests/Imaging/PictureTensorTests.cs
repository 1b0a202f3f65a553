using Rlcm.Imaging;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Imaging;

public sealed class PictureTensorTests
{
    [Fact, NoTensorLeaks]
    public void Bytes_become_a_picture_and_bytes_again()
    {
        using var scope = NewDisposeScope();
        var images = new ImageBatch([.. Enumerable.Range(0, 2 * 4 * 8 * 3).Select(i => (byte)(i * 4 / 3))], 2, 4, 8);
        var pictures = images.ToPictures();
        Assert.Equal([2, 3, 4, 8], pictures.shape);
        Assert.Equal(images[1][(3 * 8 + 5) * 3 + 2] / 127.5 - 1, pictures[1, 2, 3, 5].ToDouble(), 1e-6);
        Assert.Equal(images.Pixels, pictures.ToImages().Pixels);
    }
}

using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Tests.Imaging;

public sealed class ImageGridTests
{
    [Fact]
    public void Pictures_lie_row_by_row_without_borders_and_the_rest_is_white()
    {
        // three pictures of 2x1 pixels, picture k filled with 10k+1 above and 10k+2 below
        byte[] pixels = [.. Enumerable.Range(0, 3).SelectMany(k => Enumerable.Range(0, 6).Select(i => (byte)(10 * k + 1 + i / 3)))];
        var grid = ImageGrid.Compose(new ImageBatch(pixels, 3, 2, 1), columns: 2);
        Assert.Equal((1, 4, 2), (grid.Count, grid.Height, grid.Width));
        Assert.Equal([1, 11, 2, 12, 21, 255, 22, 255], grid.Pixels.Where((_, index) => index % 3 == 0));
        Assert.Equal(grid.Pixels.Where((_, index) => index % 3 == 0), grid.Pixels.Where((_, index) => index % 3 == 2));
    }

    [Fact]
    public void Sixty_four_pictures_make_a_square()
    {
        var grid = ImageGrid.Compose(new ImageBatch(new byte[64 * 64 * 64 * 3], 64, 64, 64), columns: 8);
        Assert.Equal((512, 512), (grid.Height, grid.Width));
    }

    [Fact]
    public void A_grid_of_nothing_is_refused() =>
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose(new ImageBatch([], 0, 1, 1), columns: 1));
}

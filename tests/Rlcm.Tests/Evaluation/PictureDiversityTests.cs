using Rlcm.Evaluation;
using Rlcm.Imaging;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class PictureDiversityTests
{
    [Fact]
    public void Black_and_white_are_one_apart()
    {
        var (black, white) = (Flat(0), Flat(255));
        Assert.Equal(1, PictureDiversity.Distance(black, white));
        Assert.Equal(0, PictureDiversity.Distance(black, black));
        Assert.Equal(51 / 255.0, PictureDiversity.Distance(Flat(100), Flat(151)), 1e-12);
    }

    [Fact]
    public void The_mean_over_pairs_has_its_closed_form()
    {
        // Pairs: 0-51, 0-153, 51-153, i.e. 0.2, 0.6, 0.4.
        Assert.Equal(0.4, PictureDiversity.MeanPairwiseDistance(Drawings.Batch(Flat(0), Flat(51), Flat(153)), 0, 3), 1e-12);
        Assert.Equal(0.4, PictureDiversity.MeanPairwiseDistance(Drawings.Batch(Flat(0), Flat(51), Flat(153), Flat(255)), 1, 2), 1e-12);
        Assert.Equal(0, PictureDiversity.MeanPairwiseDistance(Drawings.Batch(Flat(7)), 0, 1));
    }

    [Fact]
    public void The_largest_group_counts_the_pictures_near_one_of_them()
    {
        ImageBatch images = Drawings.Batch(Flat(0), Flat(10), Flat(20), Flat(100), Flat(104), Flat(255));
        Assert.Equal(3, PictureDiversity.LargestNearIdenticalGroup(images, 0.05));
        Assert.Equal(2, PictureDiversity.LargestNearIdenticalGroup(images, 0.02));
        Assert.Equal(1, PictureDiversity.LargestNearIdenticalGroup(images, 0.001));
    }

    private static byte[] Flat(byte value)
    {
        var pixels = new byte[64 * 64 * 3];
        Array.Fill(pixels, value);
        return pixels;
    }
}

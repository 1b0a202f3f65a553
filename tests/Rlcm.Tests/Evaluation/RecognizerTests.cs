using Rlcm.Evaluation;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class RecognizerTests
{
    private static readonly Gallery Gallery = Drawings.Gallery(24);
    private readonly Recognizer _recognizer = new(Gallery);

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(4, -4, false)]
    [InlineData(-3, 2, true)]
    public void A_moved_and_mirrored_picture_is_recognized_exactly(int dx, int dy, bool mirrored)
    {
        var sample = Drawings.Move(Drawings.Rectangles(7), dx, dy, mirrored);
        var recognition = Assert.Single(_recognizer.Recognize(Drawings.Batch(sample)));
        Assert.Equal("7", recognition.Entry.Shows);
        Assert.Equal(0, recognition.Distance);
        Assert.Equal(mirrored, recognition.Mirrored);
        Assert.Equal((mirrored ? dx : -dx, -dy), (recognition.Dx, recognition.Dy));
    }

    [Fact]
    public void A_shift_by_five_pixels_is_too_far()
    {
        var recognition = Assert.Single(_recognizer.Recognize(Drawings.Batch(Drawings.Move(Drawings.Rectangles(7), 5, 0))));
        Assert.True(recognition.Distance > 0);
    }

    [Fact]
    public void The_search_agrees_with_brute_force()
    {
        byte[][] samples =
        [
            .. Enumerable.Range(0, 6).Select(i => Drawings.Noisy(Drawings.Move(Drawings.Rectangles(i), i - 3, 2 - i, i % 2 == 1), i, 90)),
            .. Enumerable.Range(100, 4).Select(Drawings.Rectangles),
            .. Enumerable.Range(0, 2).Select(i => Drawings.Noisy(new byte[64 * 64 * 3], i, 255)),
        ];
        var recognitions = _recognizer.Recognize(Drawings.Batch(samples));
        Assert.All(samples.Zip(recognitions), pair =>
        {
            var (shows, distance) = BruteForce(pair.First);
            Assert.Equal(shows, pair.Second.Entry.Shows);
            Assert.Equal(distance, pair.Second.Distance, 1e-12);
        });
    }

    [Fact]
    public void The_distance_is_that_of_the_moved_sample_to_the_gallery_picture()
    {
        var sample = Drawings.Noisy(Drawings.Rectangles(3), 1, 60);
        var found = Assert.Single(_recognizer.Recognize(Drawings.Batch(sample)));
        var mirroredFirst = found.Mirrored ? Drawings.Move(sample, 0, 0, mirrored: true) : sample;
        Assert.Equal(PictureDiversity.Distance(Drawings.Move(mirroredFirst, found.Dx, found.Dy), Drawings.Rectangles(3)), found.Distance, 1e-12);
    }

    [Fact]
    public void Block_signatures_bound_the_distance_from_below()
    {
        var (a, b) = (new InkPicture(Drawings.Rectangles(1)), new InkPicture(Drawings.Noisy(Drawings.Rectangles(2), 5, 40)));
        var distance = a.SquaredDistance(b, 0, 0, long.MaxValue);
        var fine = BlockSignature.SquaredDistance(BlockSignature.OfUnshifted(a, 8), BlockSignature.OfUnshifted(b, 8));
        Assert.InRange(fine, 0.3 * distance, distance);
    }

    [Fact]
    public void Pictures_of_another_size_are_refused() =>
        Assert.Throws<ArgumentException>(() => _recognizer.Recognize(new Rlcm.Imaging.ImageBatch(new byte[32 * 32 * 3], 1, 32, 32)));

    private static (string Shows, double Distance) BruteForce(byte[] sample)
    {
        var best = (Shows: "", Distance: double.MaxValue);
        for (var i = 0; i < Gallery.Entries.Count; i++)
            foreach (var mirrored in (bool[])[false, true])
                for (var dy = -4; dy <= 4; dy++)
                    for (var dx = -4; dx <= 4; dx++)
                    {
                        var distance = PictureDiversity.Distance(Drawings.Move(sample, dx, dy, mirrored), Gallery.Pictures[i]);
                        if (distance < best.Distance)
                            best = (Gallery.Entries[i].Shows, distance);
                    }

        return best;
    }
}

using NetVips;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Rewards;

public sealed class JpegRewardTests
{
    /// <summary>Small golden values: Pillow's sizes of the pictures beside this file.</summary>
    [Theory]
    [InlineData("pattern-64x64.png", 95, 1603)]
    [InlineData("pattern-64x64.png", 80, 1134)]
    [InlineData("pattern-96x50.png", 95, 2437)]
    [InlineData("pattern-96x50.png", 80, 1604)]
    public void Sizes_equal_those_of_Pillow(string file, int quality, int expected)
    {
        using var image = Image.NewFromFile(Path.Combine(GoldenData.RepositoryRoot, "tests", "Rlcm.Tests", "Rewards", "Pictures", file));
        Assert.Equal(expected, JpegSize.Measure(image.WriteToMemory<byte>(), image.Height, image.Width, quality));
    }

    [Fact]
    public void A_white_picture_is_all_header() =>
        Assert.Equal(691, JpegSize.Measure([.. Enumerable.Repeat((byte)255, 64 * 64 * 3)], 64, 64));

    [Fact]
    public void A_buffer_of_another_size_is_refused() =>
        Assert.Throws<ArgumentException>(() => JpegSize.Measure(new byte[10], 2, 2));

    [Fact]
    public async Task Compression_scores_minus_and_incompression_plus_the_kilobytes_in_order()
    {
        var images = Pictures(24);
        var expected = Enumerable.Range(0, images.Count).Select(n => JpegSize.Measure(images[n], images.Height, images.Width) / 1000f).ToArray();
        Assert.True(expected.Distinct().Count() > 8);

        string[] prompts = new string[images.Count];
        Assert.Equal(expected, await JpegReward.Incompression.ScoreAsync(images, prompts, CancellationToken.None));
        Assert.Equal(expected.Select(size => -size), await JpegReward.Compression.ScoreAsync(images, prompts, CancellationToken.None));
    }

    [Fact]
    public async Task Scoring_stops_when_cancelled() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => JpegReward.Compression.ScoreAsync(Pictures(4), new string[4], new CancellationToken(canceled: true)));

    /// <summary>Noise whose strength grows with the index: every picture has another size.</summary>
    private static ImageBatch Pictures(int count)
    {
        const int side = 32;
        var pixels = new byte[count * side * side * 3];
        var noise = new int[pixels.Length];
        AddressedRandom.Integers(new RandomAddress(3, RandomPurpose.DataNoise), noise, 256);
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(noise[i] * (i / (side * side * 3) + 1) / count);
        return new ImageBatch(pixels, count, side, side);
    }
}

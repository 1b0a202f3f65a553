using Rlcm.Diffusion;
using Xunit;

namespace Rlcm.Tests.Diffusion;

public sealed class GuidanceEmbeddingTests
{
    [Fact]
    public void Sines_come_first_then_cosines_with_the_ends_of_the_frequencies()
    {
        using var embedding = GuidanceEmbedding.Create([1.5, 8], width: 8);
        Assert.Equal([2, 8], embedding.shape);
        var values = embedding.data<float>().ToArray();

        double[] frequencies = [1, Math.Pow(10000, -1 / 3.0), Math.Pow(10000, -2 / 3.0), 1e-4];
        for (var k = 0; k < 4; k++)
        {
            Assert.Equal(Math.Sin(500 * frequencies[k]), values[k], 1e-4);
            Assert.Equal(Math.Cos(500 * frequencies[k]), values[4 + k], 1e-4);
            Assert.Equal(Math.Sin(7000 * frequencies[k]), values[8 + k], 1e-3);
            Assert.Equal(Math.Cos(7000 * frequencies[k]), values[12 + k], 1e-3);
        }
    }

    [Fact]
    public void Guidance_one_is_no_guidance()
    {
        using var embedding = GuidanceEmbedding.Create([1]);
        Assert.Equal([.. Enumerable.Repeat(0f, 128), .. Enumerable.Repeat(1f, 128)], embedding.data<float>().ToArray());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(257)]
    public void Widths_that_do_not_split_are_refused(int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GuidanceEmbedding.Create([1], width));
}

using NetVips;
using Rlcm.Rewards;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>JPEG sizes against Pillow's, byte for byte.</summary>
public sealed class JpegTests
{
    [Theory]
    [MemberData(nameof(GoldenData.PipelinesWith), "expected/jpeg/sizes.json", MemberType = typeof(GoldenData))]
    public void Sizes_equal_those_of_Pillow(string name)
    {
        var sizes = GoldenData.ReadJson(GoldenData.InPipeline(name, "expected/jpeg/sizes.json")).EnumerateArray().ToArray();
        Assert.NotEmpty(sizes);
        foreach (var entry in sizes)
        {
            using var image = Image.NewFromFile(GoldenData.InPipeline(name, $"expected/jpeg/{entry.GetProperty("file").GetString()}"));
            Assert.Equal((3, Enums.BandFormat.Uchar), (image.Bands, image.Format));
            var pixels = image.WriteToMemory<byte>();
            foreach (var expected in entry.GetProperty("bytes").EnumerateObject())
                Assert.Equal(expected.Value.GetInt32(), JpegSize.Measure(pixels, image.Height, image.Width, int.Parse(expected.Name)));
        }
    }
}

using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class BoxMullerTests
{
    [Fact]
    public void Logarithms_and_sines_equal_the_mathematical_library_to_rounding()
    {
        uint[] edges = [0, 1, 2, (1u << 29) - 1, 1u << 29, (1u << 29) + 1, 1u << 30, 3u << 29, 1u << 31, 3u << 30, 7u << 29, uint.MaxValue];
        var stream = new PhiloxStream(new RandomAddress(1, RandomPurpose.Shuffle));
        foreach (var word in edges.Concat(Enumerable.Range(0, 20_000).Select(_ => stream.Next())))
        {
            Assert.Equal(Math.Log((word + 1.0) / 4294967296), BoxMuller.LogOfFraction(word + 1ul), 2e-15 * 22);
            var (sine, cosine) = BoxMuller.SinCosOfTurn(word);
            Assert.Equal(Math.Sin(2 * Math.PI * word / 4294967296), sine, 2e-15);
            Assert.Equal(Math.Cos(2 * Math.PI * word / 4294967296), cosine, 2e-15);
        }
    }

    /// <summary>Pins the numbers: a change here changes every run.</summary>
    [Fact]
    public void The_first_normals_of_an_address_are_these_bits()
    {
        var normals = new float[5];
        AddressedRandom.Normal(new RandomAddress(0, RandomPurpose.InitialNoise), normals);
        Assert.Equal(PinnedBits, normals.Select(BitConverter.SingleToUInt32Bits));

        // The first block of this address is Random123's all-zero vector.
        var radius = Math.Sqrt(-2 * Math.Log((0x6627e8d5 + 1.0) / 4294967296));
        var angle = 2 * Math.PI * 0xe169c58d / 4294967296;
        Assert.Equal((float)(radius * Math.Cos(angle)), normals[0], 1e-7);
        Assert.Equal((float)(radius * Math.Sin(angle)), normals[1], 1e-7);
    }

    private static readonly uint[] PinnedBits = [1065204531, 3211572912, 3206421407, 3203846578, 3189592919];
}

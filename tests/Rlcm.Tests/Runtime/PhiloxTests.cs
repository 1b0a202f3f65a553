using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class PhiloxTests
{
    /// <summary>The known-answer vectors "philox4x32 10" of Random123's kat_vectors.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Blocks_equal_the_published_vectors(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal(new PhiloxWords(x0, x1, x2, x3), Philox.Block(new PhiloxWords(c0, c1, c2, c3), ((ulong)k1 << 32) | k0));

    [Fact]
    public void A_stream_gives_the_words_of_successive_blocks()
    {
        var address = new RandomAddress(7, RandomPurpose.StepNoise, Update: 3, Item: 5, Step: 2);
        var stream = new PhiloxStream(address);
        for (uint block = 0; block < 3; block++)
        {
            var words = Philox.Block(new PhiloxWords(block, 5, 3, (1u << 24) | 2), 7);
            Assert.Equal(words, new PhiloxWords(stream.Next(), stream.Next(), stream.Next(), stream.Next()));
        }
    }

    [Theory]
    [InlineData(-1, 0, 0)]
    [InlineData(1L << 32, 0, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, 1L << 32, 0)]
    [InlineData(0, 0, -1)]
    [InlineData(0, 0, 1 << 24)]
    public void An_address_outside_its_range_is_refused(long update, long item, int step) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AddressedRandom.Below(new RandomAddress(1, RandomPurpose.Prompts, update, item, step), 10));

    [Fact]
    public void Neighboring_and_extreme_addresses_share_no_counter()
    {
        var counters = new HashSet<(ulong, PhiloxWords)>();
        long[] indices = [0, 1, 2, 255, 256, 65535, 65536, uint.MaxValue - 1L, uint.MaxValue];
        var addresses =
            from seed in (ulong[])[0, 1, 1ul << 32, ulong.MaxValue]
            from purpose in Enum.GetValues<RandomPurpose>()
            from update in indices
            from item in indices
            from step in (int[])[0, 1, 2, (1 << 24) - 1]
            select new RandomAddress(seed, purpose, update, item, step);
        foreach (var address in addresses)
            Assert.True(counters.Add((address.Seed, address.Counter())), $"{address} collides");
    }
}

using Rlcm.Runtime;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class AddressedRandomTests
{
    private static readonly RandomAddress Address = new(2024, RandomPurpose.InitialNoise, Update: 4, Item: 9);

    [Fact]
    public void Normals_have_the_moments_of_a_standard_normal()
    {
        const int count = 400_000;
        var values = new float[count];
        AddressedRandom.Normal(Address, values);

        var mean = values.Average(x => (double)x);
        Assert.Equal(0, mean, 4 / Math.Sqrt(count));
        Assert.Equal(1, values.Average(x => (double)x * x), 4 * Math.Sqrt(2.0 / count));
        Assert.Equal(0, values.Average(x => Math.Pow(x, 3)), 4 * Math.Sqrt(15.0 / count));
        Assert.Equal(3, values.Average(x => Math.Pow(x, 4)), 4 * Math.Sqrt(96.0 / count));
        Assert.Equal(0.0455003, values.Count(x => Math.Abs(x) > 2) / (double)count, 4 * Math.Sqrt(0.0455 / count));
        for (var lag = 1; lag <= 4; lag++)
            Assert.Equal(0, values.Skip(lag).Zip(values, (a, b) => (double)a * b).Average(), 4 / Math.Sqrt(count));
    }

    [Fact]
    public void Normals_of_neighboring_addresses_are_uncorrelated()
    {
        const int count = 50_000;
        var reference = new float[count];
        AddressedRandom.Normal(Address, reference);
        RandomAddress[] neighbors =
            [Address with { Seed = 2025 }, Address with { Item = 10 }, Address with { Update = 5 }, Address with { Step = 1 }, Address with { Purpose = RandomPurpose.StepNoise }];
        foreach (var neighbor in neighbors)
        {
            var values = new float[count];
            AddressedRandom.Normal(neighbor, values);
            Assert.Equal(0, reference.Zip(values, (a, b) => (double)a * b).Average(), 4.5 / Math.Sqrt(count));
        }
    }

    [Fact]
    public void A_longer_stream_begins_with_the_shorter_one()
    {
        var whole = new float[64];
        AddressedRandom.Normal(Address, whole);
        for (var length = 0; length < 64; length++)
        {
            var part = new float[length];
            AddressedRandom.Normal(Address, part);
            Assert.Equal(whole[..length], part);
        }
    }

    [Fact]
    public void A_row_does_not_depend_on_the_batch_it_is_drawn_in()
    {
        var addresses = Enumerable.Range(0, 5).Select(item => Address with { Item = item }).ToArray();
        using var batch = AddressedRandom.NormalBatch(addresses, 4, 3, 5);
        Assert.Equal([5, 4, 3, 5], batch.shape);
        Assert.Equal(torch.ScalarType.Float32, batch.dtype);
        for (var n = 0; n < addresses.Length; n++)
        {
            using var alone = AddressedRandom.NormalTensor(addresses[n], 4, 3, 5);
            Assert.Equal(alone.data<float>().ToArray(), batch[n].data<float>().ToArray());
        }
    }

    [Fact]
    public void Uniforms_lie_in_the_unit_interval_and_are_even()
    {
        var values = new double[100_000];
        AddressedRandom.Uniform(Address, values);
        Assert.All(values, value => Assert.InRange(value, 0, 1 - 1.0 / (1ul << 53)));
        Assert.Equal(0.5, values.Average(), 4 * Math.Sqrt(1 / 12.0 / values.Length));
        Assert.Equal(1 / 12.0, values.Average(x => (x - 0.5) * (x - 0.5)), 4 * Math.Sqrt(1 / 180.0 / values.Length));
        Assert.Equal(values[0], AddressedRandom.Uniform(Address));
    }

    [Fact]
    public void Integers_are_unbiased()
    {
        const int n = 7;
        var values = new int[70_000];
        AddressedRandom.Integers(Address, values, n);
        var expected = values.Length / (double)n;
        var chiSquare = Enumerable.Range(0, n).Sum(k => Math.Pow(values.Count(value => value == k) - expected, 2) / expected);
        Assert.InRange(chiSquare, 0.3, 22.5); // 6 degrees of freedom: 0.1 % on either side
        Assert.Equal(values[0], AddressedRandom.Below(Address, n));
        Assert.Throws<ArgumentOutOfRangeException>(() => AddressedRandom.Below(Address, 0));
    }

    [Fact]
    public void Integers_of_a_range_that_does_not_divide_the_words_favor_none()
    {
        const int n = 3 << 29; // 2^32 words for 3 * 2^29 values: without rejection, remainders 0, 1, 2 would come as 3 : 3 : 2
        var values = new int[30_000];
        AddressedRandom.Integers(Address, values, n);
        for (var remainder = 0; remainder < 3; remainder++)
            Assert.Equal(1 / 3.0, values.Count(value => value % 3 == remainder) / (double)values.Length, 4 * Math.Sqrt(2 / 9.0 / values.Length));
    }

    [Fact]
    public void Permutations_hold_every_index_once_and_place_each_evenly()
    {
        const int n = 5;
        const int draws = 20_000;
        var firsts = new int[n];
        for (var item = 0; item < draws; item++)
        {
            var order = AddressedRandom.Permutation(Address with { Item = item }, n);
            Assert.Equal([0, 1, 2, 3, 4], order.Order());
            firsts[order[0]]++;
        }

        Assert.All(firsts, count => Assert.Equal(draws / (double)n, count, 4.5 * Math.Sqrt(draws * 0.16)));
        Assert.Empty(AddressedRandom.Permutation(Address, 0));
    }
}

using Rlcm.Pretraining;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Pretraining;

public sealed class WeightedDrawTests
{
    private static readonly RandomAddress Address = new(1, RandomPurpose.DataOrder);

    [Fact]
    public void Rows_are_drawn_in_proportion_to_their_weights()
    {
        const int count = 100_000;
        var rows = new WeightedDraw([0, 1, 0, 3, 6, 0]).Rows(Address, count);
        var shares = Enumerable.Range(0, 6).Select(row => rows.Count(drawn => drawn == row) / (double)count).ToArray();
        double[] expected = [0, 0.1, 0, 0.3, 0.6, 0];
        Assert.All(shares.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 0.008)); // five standard errors
        Assert.Equal((0.0, 0.0, 0.0), (shares[0], shares[2], shares[5]));
    }

    [Fact]
    public void The_same_address_draws_the_same_rows_and_a_longer_draw_begins_with_the_shorter()
    {
        var draw = new WeightedDraw([1, 2, 3, 4]);
        Assert.Equal(draw.Rows(Address, 10), draw.Rows(Address, 20).Take(10));
        Assert.NotEqual(draw.Rows(Address, 20), draw.Rows(Address with { Update = 1 }, 20));
    }

    [Fact]
    public void Weights_that_sum_to_nothing_are_refused()
    {
        var error = Assert.Throws<UserErrorException>(() => new WeightedDraw([0, 0]));
        Assert.Contains("positive weight", error.Message, StringComparison.Ordinal);
    }
}

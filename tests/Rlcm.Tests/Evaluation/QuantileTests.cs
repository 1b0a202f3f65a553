using Rlcm.Evaluation;
using Xunit;

namespace Rlcm.Tests.Evaluation;

public sealed class QuantileTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.1, 1.3)] // numpy.quantile([1, 2, 4, 8], 0.1)
    [InlineData(0.5, 3)]
    [InlineData(0.95, 7.4)]
    [InlineData(1, 8)]
    public void It_lies_on_the_line_between_two_values(double probability, double expected) => Assert.Equal(expected, Quantile.Of([1, 2, 4, 8], probability), 1e-12);

    [Fact]
    public void Of_a_single_value_it_is_that_value() => Assert.Equal(7, Quantile.Of([7], 0.3));
}

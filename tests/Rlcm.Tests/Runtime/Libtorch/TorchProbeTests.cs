using Rlcm.Runtime;
using Rlcm.Runtime.Libtorch;
using TorchSharp;
using Xunit;

namespace Rlcm.Tests.Runtime.Libtorch;

public sealed class TorchProbeTests
{
    private const int Batch = 2, Channels = 6, Filters = 10, Height = 15, Width = 13, Heads = 3, Queries = 33, Keys = 29, Size = 8;

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, TorchProbe.Checks.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void The_stored_values_are_those_of_plain_loops_in_double_precision(int number)
    {
        var check = TorchProbe.Checks[number];
        var expected = TorchProbe.Summary(check.Name switch
        {
            "matmul" => Matmul(),
            "convolution" => Convolution(),
            "scaled_dot_product_attention" => Attention(),
            _ => WeightGradient(),
        });
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], check.Expected[i], 1e-9);
    }

    [Fact]
    [NoTensorLeaks]
    public void The_libtorch_of_these_tests_passes() => Assert.Equal(NativeTorch.ExpectedVersion, TorchProbe.Run());

    [Fact]
    public void TorchSharp_was_built_with_the_expected_version() => Assert.StartsWith(NativeTorch.ExpectedVersion, torch.__version__, StringComparison.Ordinal);

    [Fact]
    public void A_result_that_differs_is_refused_with_both_numbers()
    {
        var check = new ProbeCheck("matmul", [1, 1, 1, 1, 0], _ => torch.full(14, 1.5f));
        var error = Assert.Throws<UserErrorException>(() => TorchProbe.Compare([check], torch.CPU));
        Assert.Equal("matmul on cpu is wrong: expected 1, found 1.5.", error.Message);
    }

    [Fact]
    public void A_result_that_is_no_number_is_refused()
    {
        var check = new ProbeCheck("convolution", [1, 1, 1, 1, 0], _ => torch.full(14, float.NaN));
        var error = Assert.Throws<UserErrorException>(() => TorchProbe.Compare([check], torch.CPU));
        Assert.Equal("convolution on cpu is wrong: expected 1, found NaN.", error.Message);
    }

    private static double[] Values(int stride, int start, int count) => [.. TorchProbe.Sequence(stride, start, count).Select(value => (double)value)];

    private static double[] Matmul()
    {
        var (left, right, result) = (Values(3, 0, 48 * 80), Values(7, 2, 80 * 40), new double[48 * 40]);
        for (var row = 0; row < 48; row++)
        {
            for (var column = 0; column < 40; column++)
                result[row * 40 + column] = Enumerable.Range(0, 80).Sum(inner => left[row * 80 + inner] * right[inner * 40 + column]);
        }

        return result;
    }

    private static double[] Convolution()
    {
        var (input, weight) = (Values(5, 1, Batch * Channels * Height * Width), Values(4, 3, Filters * Channels * 9));
        var output = new double[Batch * Filters * Height * Width];
        ForEachProduct((inside, tap, outside) => output[outside] += input[inside] * weight[tap]);
        return output;
    }

    private static double[] WeightGradient()
    {
        var (input, gradient) = (Values(5, 1, Batch * Channels * Height * Width), Values(9, 2, Batch * Filters * Height * Width));
        var weight = new double[Filters * Channels * 9];
        ForEachProduct((inside, tap, outside) => weight[tap] += input[inside] * gradient[outside]);
        return weight;
    }

    /// <summary>Every product of a 3x3 convolution with a padding of 1: the indices of its input, its weight and its output.</summary>
    private static void ForEachProduct(Action<int, int, int> add)
    {
        for (var outside = 0; outside < Batch * Filters * Height * Width; outside++)
        {
            var (x, y, filter, item) = (outside % Width, outside / Width % Height, outside / (Width * Height) % Filters, outside / (Width * Height * Filters));
            for (var tap = 0; tap < Channels * 9; tap++)
            {
                var (column, row, channel) = (x + tap % 3 - 1, y + tap / 3 % 3 - 1, tap / 9);
                if (column is >= 0 and < Width && row is >= 0 and < Height)
                    add(((item * Channels + channel) * Height + row) * Width + column, filter * Channels * 9 + tap, outside);
            }
        }
    }

    private static double[] Attention()
    {
        var (query, key, value) = (Values(3, 4, Batch * Heads * Queries * Size), Values(8, 1, Batch * Heads * Keys * Size), Values(6, 5, Batch * Heads * Keys * Size));
        var result = new double[query.Length];
        for (var row = 0; row < Batch * Heads * Queries; row++)
        {
            var first = row / Queries * Keys;
            var weights = Enumerable.Range(first, Keys)
                .Select(other => Math.Exp(Enumerable.Range(0, Size).Sum(i => 8 * query[row * Size + i] * key[other * Size + i]) / Math.Sqrt(Size))).ToArray();
            for (var i = 0; i < Size; i++)
                result[row * Size + i] = Enumerable.Range(0, Keys).Sum(other => weights[other] * value[(first + other) * Size + i]) / weights.Sum();
        }

        return result;
    }
}

using Rlcm.Cli.Reporting;
using Spectre.Console;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class LetterChartTests
{
    [Fact]
    public void Points_are_letters_and_dots_lead_from_one_to_the_next() => Assert.Equal(
        """
        4 ┤                       b··b  a
          │                     ··     ·
          │                   ··       ·
          │                  ·        ·
          │                ··        ·
          │              ··          ·
          │             ·           ·
        2 ┤           ··            ·
          │          ·             ·
          │        ··             ·
          │      ··               ·
          │     ·                ·
          │   ··                ·
          │ ··                  ·
        0 ┤*··············a····a
          └┴──────────────┴─────────────┴
           0             10            20
           updates
        """,
        Draw("updates", 33, Line('a', (0, 0), (10, 0), (14, 0), (20, 4)), Line('b', (0, 0), (16, 4), (18, 4))));

    [Fact]
    public void A_single_point_is_drawn_amid_round_numbers()
    {
        var lines = Draw("x", 40, Line('a', (0, -2.5))).Split('\n');
        Assert.Contains(lines, line => line.StartsWith("-2.6 ┤", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("│a", StringComparison.Ordinal) || line.Contains("┤a", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5e-324, -5e-324)]
    [InlineData(1e100, -1e100)]
    [InlineData(0.1, 0.1)]
    public void Numbers_of_any_size_are_drawn(double first, double second) =>
        Assert.Contains("a", Draw("x", 10, Line('a', (-1, first), (1e100, second))), StringComparison.Ordinal);

    [Theory]
    [InlineData(-2.52, -1.49, 3, -3, -1, "-3.0 -2.5 -2.0 -1.5 -1.0")]
    [InlineData(0, 1, 4, 0, 1, "0.0 0.5 1.0")]
    [InlineData(0.51, 0.64, 3, 0.5, 0.65, "0.50 0.55 0.60 0.65")]
    [InlineData(7, 7, 2, 6, 8, "6 7 8")]
    [InlineData(0, 30000, 3, 0, 30000, "0 10000 20000 30000")]
    public void Ticks_are_round_and_reach_around_the_values(double low, double high, int parts, double first, double last, string texts)
    {
        var ticks = AxisTicks.Around(low, high, parts);
        Assert.Equal(texts, string.Join(' ', ticks.All.Select(ticks.Text)));
        Assert.Equal((first, last), (ticks.Low, ticks.High));
    }

    [Theory]
    [InlineData(17, 4, "0 5 10 15")]
    [InlineData(0.9, 4, "0.0 0.5")]
    [InlineData(1.5e9, 2, "0 1e+9")]
    public void Ticks_up_to_the_end_stay_within(double high, int parts, string texts)
    {
        var ticks = AxisTicks.UpTo(high, parts);
        Assert.Equal(texts, string.Join(' ', ticks.All.Select(ticks.Text)));
    }

    private static ChartLine Line(char letter, params (double X, double Y)[] points) => new(letter, Color.Blue, points);

    private static string Draw(string axis, int width, params ChartLine[] lines)
    {
        using var output = new StringWriter { NewLine = "\n" };
        new Terminal(output, TextWriter.Null, Live: null).Write(LetterChart.Draw(lines, axis, width));
        return string.Join('\n', output.ToString().TrimEnd().Split('\n').Select(line => line.TrimEnd()));
    }
}

using Rlcm.Cli.Reporting;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class TrainSummaryTests
{
    [Theory]
    [InlineData(40, null, null)]
    [InlineData(40, 3, "ended by its budget of 40 updates")]
    [InlineData(20, 3, "ended by patience after update 20 of 40: its last 3 evaluations are no better than those before by a standard error")]
    [InlineData(20, 1, "ended by patience after update 20 of 40: its last evaluation is no better than those before by a standard error")]
    public void What_ended_a_run_is_said_where_it_could_be_two_things(int updates, int? patience, string? expected) =>
        Assert.Equal(expected, TrainSummary.End(updates, new() { Updates = 40, Patience = patience }));

    [Fact]
    public void The_table_fits_a_narrow_terminal_and_shows_before_and_after_at_every_number_of_steps()
    {
        Assert.Equal(
            """
            ┌───────┬──────────────────┬──────────────────┬───────────────┬─────────────┐
            │       │     reward (kB), │     reward (kB), │    recognized │ look-alikes │
            │ steps │ training prompts │    other prompts │        of 360 │       of 64 │
            ├───────┼──────────────────┼──────────────────┼───────────────┼─────────────┤
            │     1 │ -2.500 -> -1.500 │ -2.250 -> -1.250 │ 100 % -> 88 % │      1 -> 3 │
            └───────┴──────────────────┴──────────────────┴───────────────┴─────────────┘

            """,
            Write(Outcome("kB", new(1, new(-2.5, 0, 32), new(-2.25, 0, 32), 1, 1, 360, 0.1), new(1, new(-1.5, 0, 32), new(-1.25, 0, 32), 3, 0.875, 360, 0.1))));
    }

    [Fact]
    public void What_was_not_measured_is_left_out()
    {
        var table = Write(Outcome("[points]", new(4, new(-2.5, 0, 64), null, 1, null, null, null), new(4, new(-1.5, 0, 64), null, 1, null, null, null)));
        Assert.Contains("reward ([points])", table, StringComparison.Ordinal);
        Assert.Contains("none -> none", table, StringComparison.Ordinal);
        Assert.DoesNotContain("recognized", table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-2.5, -1.5, "-2.500 -> -1.500 kB (40 % higher)")]
    [InlineData(2, 3, "2.000 -> 3.000 kB (50 % higher)")]
    [InlineData(0, 1, "0.000 -> 1.000 kB")]
    [InlineData(0, 0, "0.000 -> 0.000 kB")]
    [InlineData(2, 1.5, "2.000 -> 1.500 kB (25 % lower)")]
    public void The_reward_rises_or_falls_by_a_share_of_what_it_was(double before, double after, string expected)
    {
        var outcome = Outcome("kB", new(1, null, null, 1, null, null, null), new(1, null, null, 1, null, null, null)) with
        {
            Before = new(Pictures, Enumerable.Repeat(before, 64).ToArray()),
            After = new(Pictures, Enumerable.Repeat(after, 64).ToArray()),
        };
        Assert.Equal($"mean reward of the 64 evaluation pictures: {expected}", TrainSummary.Reward(outcome));
    }

    [Fact]
    public void A_sum_begins_at_0_so_that_its_parts_tell_the_shares()
    {
        EvaluatedPictures Of(double sum, double size) => new(Pictures, Enumerable.Repeat(sum, 64).ToArray())
        {
            Parts = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal) { ["compression"] = Enumerable.Repeat(size, 64).ToArray() },
        };
        var outcome = Outcome("standard deviations", new(1, null, null, 1, null, null, null), new(1, null, null, 1, null, null, null));
        outcome = outcome with { Before = Of(1e-17, -2.5), After = Of(3, -1.5), Report = outcome.Report with { Parts = [new("compression", "kB", 2, null, null, -2.5, 0.5)] } };
        Assert.Equal("mean reward of the 64 evaluation pictures: 0.000 -> 3.000 standard deviations", TrainSummary.Reward(outcome));
        Assert.Equal(["  2 x compression: -2.500 -> -1.500 kB"], TrainSummary.Parts(outcome));
    }

    private static ImageBatch Pictures => new(new byte[64 * 3], 64, 1, 1);

    private static TrainingOutcome Outcome(string unit, HorizonReport before, HorizonReport after) =>
        new(new string[64], new(Pictures, new double[64]), new(Pictures, new double[64]), new("compression", unit, [before], [after]));

    private static string Write(TrainingOutcome outcome)
    {
        using var output = new StringWriter { NewLine = "\n" };
        new Terminal(output, output, Live: null).Write(TrainSummary.Table(outcome));
        return output.ToString();
    }
}

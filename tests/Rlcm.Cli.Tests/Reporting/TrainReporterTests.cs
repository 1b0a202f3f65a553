using Rlcm.Cli.Commands;
using Rlcm.Cli.Reporting;
using Rlcm.Rewards.Remote;
using Rlcm.Training;
using Spectre.Console.Testing;
using Xunit;

namespace Rlcm.Cli.Tests.Reporting;

public sealed class TrainReporterTests
{
    private static readonly TrainRequest Request = new(TrainConfigReader.Read("quick", [], []), "runs/x", Resume: null, Quiet: false);

    [Fact]
    public void In_a_pipe_every_update_is_one_plain_line()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (var reporter = TrainReporter.Create(new Terminal(output, output, Live: null), Request))
        {
            reporter.Report([new SelfCheckResult("weights stay", Passed: true, "same hash", "none"), new SelfCheckResult("memory", Passed: false, "too little", "buy")]);
            reporter.Report(new PartialReport(IsTuned: false, new(1, new(-6.25, 0, 32), new(-6.75, 0, 32), 1, 0.875, 360, 0.1)));
            reporter.Report(new PartialReport(IsTuned: true, new(8, new(-6.25, 0, 64), null, 1, null, null, null)));
            reporter.Report(new EvaluationMetrics(0, 0, 0, 64, -6.5, 0.25, 0.9, 180, true));
            reporter.Report(new RewardRetry("The reward server answered 503; it is asked again in 1 s."));
            reporter.Report(Update(1, Request.Config.Updates));
        }

        Assert.Equal(
            $"""
            check passed  weights stay  same hash
            check FAILED  memory        too little
            untuned, 1 step: reward -6.250 on training prompts, -6.750 on others, recognized 88 % of 360
            tuned, 8 steps: reward -6.250 on training prompts
            evaluation after update 0: reward -6.500 +- 0.250 over 64 images, recognized 90 % of 180
            The reward server answered 503; it is asked again in 1 s.
            update 1/{Request.Config.Updates}  images 64  reward -6.250 +- 0.500  KL 1.2e-9  clipped 0.25  25.6 images/s  ETA 00:00:10

            """,
            output.ToString());
    }

    [Fact]
    public void The_parts_of_a_sum_and_the_distance_from_the_base_model_stand_beside_the_reward()
    {
        var parts = new Dictionary<string, RewardMoments>(StringComparer.Ordinal) { ["compression"] = new(-2.5, 0.1), ["clip-score"] = new(0.25, 0.1) };
        using var output = new StringWriter { NewLine = "\n" };
        using (var reporter = TrainReporter.Create(new Terminal(output, output, Live: null), Request))
        {
            reporter.Report(new EvaluationMetrics(0, 0, 0, 64, 0, 1.5, null, null, true) { Parts = parts });
            reporter.Report(Update(1, Request.Config.Updates) with { Parts = parts, ReferenceKl = 2.5e-3 });
        }

        Assert.Equal(
            $"""
            evaluation after update 0: reward 0.000 +- 1.500 (compression -2.500, clip-score 0.250) over 64 images
            update 1/{Request.Config.Updates}  images 64  reward -6.250 +- 0.500 (compression -2.500, clip-score 0.250)  KL 1.2e-9, to base 2.5e-3  clipped 0.25  25.6 images/s  ETA 00:00:10

            """,
            output.ToString());
        var sum = Request with { Config = Request.Config with { Task = "weighted", Rewards = [new("compression", 1), new("clip-score", -0.5)] } };
        Assert.StartsWith("task weighted (1 x compression + -0.5 x clip-score), model ", TrainText.Plan(sum)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_plan_states_the_arithmetic_of_the_batches()
    {
        var request = new TrainRequest(TrainConfigReader.Read("compression", [], []), "runs/x", Resume: null, Quiet: false);
        Assert.Equal(
            [
                "task compression, model SimianLuo/LCM_Dreamshaper_v7, prompts configs/prompts/imagenet-animals-398.txt, seed 1",
                "an update: 16 images (a prompt drawn for each), 8 of their 8 steps trained",
                "  sampled in 8 batches of 2; 1 optimizer step on 16 images = 8 micro-batches of 2",
                "the run: 1000 updates, 1000 optimizer steps, 16000 reward queries",
                "output runs/x",
            ],
            TrainText.Plan(request));
    }

    [Fact]
    public void In_a_terminal_the_figures_are_drawn_in_place()
    {
        using var console = new TestConsole().Width(120).Interactive().EmitAnsiSequences();
        using (var reporter = TrainReporter.Create(new Terminal(TextWriter.Null, TextWriter.Null, console), Request))
        {
            reporter.Report([new SelfCheckResult("weights stay [sic]", Passed: true, "same hash", "none")]);
            reporter.Report(new EvaluationMetrics(0, 0, 0, 64, -6.5, 0.25, 0.9, 180, true));
            reporter.Report(new RewardRetry("told at the start [sic]"));
            reporter.Report(Update(1, 10));
            reporter.Report(new RewardRetry("told amid [sic]"));
            Assert.DoesNotContain("told amid", console.Output, StringComparison.Ordinal); // another thread must not draw
            reporter.Report(Update(2, 10));
            Assert.Contains("told amid [sic]", console.Output, StringComparison.Ordinal);
            reporter.Report(new PartialReport(IsTuned: true, new(8, new(-6.25, 0, 64), null, 1, null, null, null)));
            reporter.Report(new EvaluationMetrics(2, 0, 0, 64, -5.75, 0.25, 0.8, 180, true));
        }

        Assert.Contains("-5.750 +- 0.250, recognized 80 % of 180 after update 2", console.Output, StringComparison.Ordinal);
        Assert.Contains("told at the start [sic]", console.Output, StringComparison.Ordinal);
        Assert.Contains("weights stay [sic]", console.Output, StringComparison.Ordinal);
        Assert.Contains($"1/{Request.Config.Updates} updates", console.Output, StringComparison.Ordinal);
        Assert.Contains($"2/{Request.Config.Updates} updates", console.Output, StringComparison.Ordinal);
        Assert.Contains("-6.250 +- 0.500", console.Output, StringComparison.Ordinal);
        Assert.Contains("tuned, 8 steps: reward -6.250 on training prompts", console.Output, StringComparison.Ordinal);
        Assert.Contains("before: -6.500 +- 0.250, recognized 90 % of 180", console.Output, StringComparison.Ordinal);
        Assert.Contains("\u001b[", console.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_terminal_a_retry_stays_until_the_next_update()
    {
        using var console = new TestConsole().Width(120).Interactive().EmitAnsiSequences();
        using (var reporter = TrainReporter.Create(new Terminal(TextWriter.Null, TextWriter.Null, console), Request))
        {
            reporter.Report(Update(1, 10));
            reporter.Report(new RewardRetry("told amid"));
            reporter.Report(Update(2, 10));
            Assert.Equal(1, Times("told amid"));
            reporter.Report(new EvaluationMetrics(2, 0, 0, 64, -5.75, 0.25, 0.8, 180, true));
            Assert.Equal(2, Times("told amid"));
            reporter.Report(Update(3, 10));
        }

        Assert.Equal(2, Times("told amid"));
        Assert.Contains($"3/{Request.Config.Updates} updates", console.Output, StringComparison.Ordinal);

        int Times(string text) => console.Output.Split(text).Length - 1;
    }

    [Fact]
    public void A_quiet_run_says_nothing()
    {
        using var output = new StringWriter();
        using (var reporter = TrainReporter.Create(new Terminal(output, output, Live: null), Request with { Quiet = true }))
        {
            reporter.Start();
            reporter.Report(Update(1, 10));
        }

        Assert.Empty(output.ToString());
    }

    [Theory]
    [InlineData(59.9, "00:00:59")]
    [InlineData(100 * 3600 + 61, "100:01:01")]
    public void Durations_go_beyond_a_day(double seconds, string expected) => Assert.Equal(expected, TrainText.Duration(TimeSpan.FromSeconds(seconds)));

    /// <summary>An update after which ten seconds remain of <paramref name="updates"/> equal ones.</summary>
    private static UpdateMetrics Update(int update, int updates) =>
        new(update, update * 64, 10.0 * update / Math.Max(1, updates - update), -6.25, 0.5, 0, 0.1, 1, 0.25, 1.2e-9, 0.75, 1e-4, 25.6);
}

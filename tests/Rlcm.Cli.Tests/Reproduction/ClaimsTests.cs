using Rlcm.Cli.Reproduction;
using Xunit;
using static Rlcm.Cli.Tests.Reproduction.HandMadeStudy;

namespace Rlcm.Cli.Tests.Reproduction;

public sealed class ClaimsTests
{
    private static readonly string[] Tasks = ["compression", "incompression", "alignment"];

    private static string Ddpo => StudyDefinition.DdpoArm;

    // DDPO gains 1 after 20 updates; RLCM, half as fast as that in updates, where its evaluations take the time that makes the factor.
    [Theory]
    [InlineData(1, 6, nameof(Verdict.Holds), 12)]
    [InlineData(2, 6, nameof(Verdict.Holds), 6)]
    [InlineData(2.1, 6, nameof(Verdict.DoesNotHold), 5.714)]
    [InlineData(12, 6, nameof(Verdict.DoesNotHold), 1)]
    public void Faster_is_by_the_factor_in_time_to_the_gain_of_DDPO(double rlcm, double ddpo, string verdict, double factor)
    {
        var claims = new Claims(Results([Run(StudyDefinition.Rlcm, 1, rlcm, -3, -2, -1), Run(Ddpo, 1, ddpo, -5, -4.5, -4)]));
        Assert.Equal(factor, claims.Factor("compression")!.Value, 3);
        Assert.Equal(verdict, claims.All[0].Verdict.ToString());
    }

    [Fact]
    public void Where_seeds_disagree_it_is_not_clear()
    {
        var claims = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 2, -3, -2, -1), Run(StudyDefinition.Rlcm, 2, 2, -3, -2.9, -1.9), Run(Ddpo, 1, 6, -5, -4.5, -4)]));
        Assert.Equal(("compression 4.1x (seeds 6.0x, 3.2x)", Verdict.NotClear), (claims.All[0].Measured, claims.All[0].Verdict));
    }

    [Theory]
    [InlineData(2, "compression 12.0x, as released 6.0x", nameof(Verdict.Holds))]
    [InlineData(3, "compression 12.0x, as released 4.0x", nameof(Verdict.NotClear))]
    public void A_claim_holds_where_it_does_by_the_recipe_of_the_released_code_too(double released, string measured, string verdict)
    {
        var claims = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(StudyDefinition.Released, 1, released, -3, -2, -1), Run(Ddpo, 1, 6, -5, -4.5, -4)]));
        Assert.Equal((measured, verdict), (claims.All[0].Measured, claims.All[0].Verdict.ToString()));
        Assert.EndsWith("compression +1.00; compression as released +1.00", claims.All[2].Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_never_gains_as_much_is_not_faster()
    {
        var claims = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2.9, -2.5), Run(Ddpo, 1, 100, -5, -4.5, -4)]));
        Assert.Null(claims.Factor("compression"));
        Assert.Equal(("compression never", Verdict.DoesNotHold), (claims.All[0].Measured, claims.All[0].Verdict));
    }

    [Fact]
    public void Where_DDPO_gains_nothing_there_is_nothing_to_be_faster_to()
    {
        var claim = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(Ddpo, 1, 1, -5, -6, -7)])).All[0];
        Assert.Equal(("compression n/a, since DDPO's gain is not clearly above 0", Verdict.NotClear), (claim.Measured, claim.Verdict));
    }

    [Theory]
    [InlineData(-4, "compression, H = 4: 2.0x", nameof(Verdict.Holds))]
    [InlineData(-6, "compression n/a, since DDPO's gain is not clearly above 0", nameof(Verdict.NotClear))]
    public void Every_horizon_is_judged_where_DDPO_gains_something(double ddpo, string measured, string verdict)
    {
        var claim = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(Ddpo, 1, 1, -5, -5, ddpo)])).All[6];
        Assert.Equal((measured, verdict), (claim.Measured, claim.Verdict.ToString()));
    }

    [Fact]
    public void Nobody_is_compared_by_a_gain_that_is_not_clear()
    {
        RunResult[] rlcm = [Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(StudyDefinition.Rlcm, 2, 1, -3, -2, -1)];
        var clear = new Claims(Results([.. rlcm, Run(Ddpo, 1, 6, -5, -4.5, -4), Run(Ddpo, 2, 6, -5, -4.5, -3.9)]));
        Assert.Equal([Verdict.Holds, Verdict.Holds], [clear.All[0].Verdict, clear.All[6].Verdict]);
        var open = new Claims(Results([.. rlcm, Run(Ddpo, 1, 6, -5, -4.5, -4), Run(Ddpo, 2, 6, -5, -4.5, -4.9)]));
        Assert.All([open.All[0], open.All[6]], claim => Assert.Equal(("compression n/a, since DDPO's gain is not clearly above 0", Verdict.NotClear), (claim.Measured, claim.Verdict)));
        Assert.Null(open.Factor("compression"));
    }

    [Fact]
    public void What_is_recognized_where_the_gains_are_alike_is_beside_the_factor()
    {
        double[] shares = [1, 0.8, 0]; // RLCM gains as much as DDPO halfway to its last evaluation
        var run = Run(StudyDefinition.Rlcm, 1, 1, -3, -2.5, -1.5);
        var rlcm = run with { Curve = run.Curve with { Evaluations = [.. run.Curve.Evaluations.Zip(shares, (point, share) => point with { RecognizedShare = share })] } };
        var claims = new Claims(Results([rlcm, Run(Ddpo, 1, 6, -5, -4.5, -4)], [Inference("ddpo", null, (50, 0, 0.9, 1)), Inference("ddpo", 1, (50, 0, 0.3, 1))]));
        Assert.Equal("compression 8.0x with 40 % recognized there, DDPO's 30 %", claims.All[0].Measured);
    }

    [Fact]
    public void Better_per_query_takes_more_than_one_seed()
    {
        var one = Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(Ddpo, 1, 1, -5, -4.5, -4)]);
        Assert.Equal(Verdict.NotClear, new Claims(one).All[2].Verdict);
        var two = Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), Run(StudyDefinition.Rlcm, 2, 1, -3, -2, -1.01), Run(Ddpo, 1, 1, -5, -4.5, -4), Run(Ddpo, 2, 1, -5, -4.5, -4)]);
        Assert.Equal(Verdict.Holds, new Claims(two).All[2].Verdict);
        var worse = Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -3, -3), Run(StudyDefinition.Rlcm, 2, 1, -3, -3, -3.01), Run(Ddpo, 1, 1, -5, -4.5, -4), Run(Ddpo, 2, 1, -5, -4.5, -4)]);
        Assert.Equal(Verdict.DoesNotHold, new Claims(worse).All[2].Verdict);
    }

    [Theory]
    [InlineData(nameof(Verdict.Holds), 17, 17, 1)]
    [InlineData(nameof(Verdict.NotClear), 17, 16.9, 1)]
    [InlineData(nameof(Verdict.NotClear), 17, 1, 1)]
    [InlineData(nameof(Verdict.DoesNotHold), 16.9, 6, 1)]
    public void Seventeen_times_takes_more_than_half_of_the_tasks(string verdict, double compression, double incompression, double alignment)
    {
        double[] factors = [compression, incompression, alignment];
        var claim = new Claims(AllTasks([.. Tasks.Zip(factors).SelectMany(task => Both(task.First, task.Second))])).All[1];
        Assert.Equal(verdict, claim.Verdict.ToString());
        Assert.Contains($"incompression {incompression:f1}x", claim.Measured, StringComparison.Ordinal);

        // As many queries to the same gain, with evaluations that take so many times as long.
        IEnumerable<RunResult> Both(string task, double factor) => [RunOf(task, StudyDefinition.Rlcm, 1, 1, -3, -2.5, -2), RunOf(task, Ddpo, 1, factor, -5, -4.5, -4)];
    }

    [Theory]
    [InlineData(nameof(Verdict.Holds), 1, 1, -1)]
    [InlineData(nameof(Verdict.NotClear), 1, -1, 0)]
    [InlineData(nameof(Verdict.NotClear), 1, 0, 0)]
    [InlineData(nameof(Verdict.DoesNotHold), -1, 1, -1)]
    public void Better_per_query_takes_more_than_half_of_the_tasks(string verdict, double compression, double incompression, double alignment)
    {
        double[] differences = [compression, incompression, alignment];
        Assert.Equal(verdict, new Claims(AllTasks([.. Tasks.Zip(differences).SelectMany(task => Both(task.First, task.Second))])).All[2].Verdict.ToString());

        IEnumerable<RunResult> Both(string task, double difference) => ((ulong[])[1, 2]).SelectMany(seed => (IEnumerable<RunResult>)
            [RunOf(task, StudyDefinition.Rlcm, seed, 1, -3, -3, -2 + difference + 0.01 * (seed - 1.5)), RunOf(task, Ddpo, seed, 1, -5, -5, -4)]);
    }

    [Fact]
    public void A_gain_of_DDPO_counts_where_it_is_clear_at_the_end()
    {
        RunResult[] ddpo = [Run(Ddpo, 1, 6, -5, -4, -4.9), Run(Ddpo, 2, 6, -5, -4, -5.1)]; // halfway it was, for all seeds
        var claims = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), .. ddpo]));
        Assert.Equal(("compression n/a, since DDPO's gain is not clearly above 0", Verdict.NotClear), (claims.All[0].Measured, claims.All[0].Verdict));
    }

    [Fact]
    public void Queries_are_equal_where_one_of_two_ended_earlier()
    {
        var claim = new Claims(Results([Run(StudyDefinition.Rlcm, 1, 1, -3, -2.5, -1), Run(Ddpo, 1, 1, -5, -4.7)])).All[2]; // 0.5 and 0.3 after 640 queries
        Assert.Contains("compression +0.200", claim.Measured, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 0.9, 0.5, 1.0)]
    [InlineData(1.0, 0.89, 1.0, 2.0)]
    [InlineData(1.0, 0.5, 0.2, 0.2)] // a fifth of the way to the first evaluation
    [InlineData(0.8, 0.72, 0.6, 1.0)] // nine tenths of what was recognized before
    [InlineData(0.5, 1.0, 0.4, 1.917)]
    [InlineData(0.8, 0.6, 0.7, 0.4)]
    [InlineData(0.8, 0.8, 0.8, 2.0)]
    [InlineData(null, null, null, null)]
    public void A_gain_counts_as_far_as_nine_tenths_stay_recognizable(double? before, double? middle, double? after, double? gain)
    {
        double?[] shares = [before, middle, after];
        var run = Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1);
        var result = run with { Curve = run.Curve with { Evaluations = [.. run.Curve.Evaluations.Zip(shares, (point, share) => point with { RecognizedShare = share })] } };
        var other = Run("rlcm-once", 1, 1, -3, -2.5, -2.5);
        var unrecognized = other with { Curve = other.Curve with { Evaluations = [.. other.Curve.Evaluations.Select(point => point with { RecognizedShare = point.Update == 0 ? 0.9 : 0 })] } };
        var results = Results([result, unrecognized]);
        Assert.Equal(gain, result.RecognizableGain is { } number ? Math.Round(number, 3) : null);
        var paired = results.Paired("compression", StudyDefinition.Rlcm, "rlcm-once", run => run.RecognizableGain)?.Mean;
        Assert.Equal(gain, paired is { } difference ? Math.Round(difference + 0.05, 3) : null);
    }

    [Theory]
    [InlineData(0.73, nameof(Verdict.Holds))]
    [InlineData(0.71, nameof(Verdict.DoesNotHold))]
    public void Two_steps_are_usable_where_they_keep_nine_tenths_of_the_recognized_share(double share, string verdict) =>
        Assert.Equal(verdict, new Claims(Results([], [Inference("rlcm", 1, (1, 0, 0.2, 1), (2, 0, share, 1), (4, 0, 0.8, 1))])).All[3].Verdict.ToString());

    [Theory]
    [InlineData(0.25, nameof(Verdict.Holds))]
    [InlineData(0.26, nameof(Verdict.DoesNotHold))]
    public void A_rollout_is_cheap_at_a_quarter(double seconds, string verdict) =>
        Assert.Equal(verdict, new Claims(Results([], [Inference("rlcm", 1, (4, 0, 1, seconds)), Inference("ddpo", 1, (4, 0, 1, 0.01), (50, 0, 1, 1))])).All[4].Verdict.ToString());

    [Theory]
    [InlineData(-2, -1, nameof(Verdict.Holds))]
    [InlineData(-2, -1.5, nameof(Verdict.NotClear))] // 8 is better than 2, and not than 4
    [InlineData(-1, -1.5, nameof(Verdict.DoesNotHold))]
    public void The_reward_rises_with_the_horizon_where_it_does_so_at_every_step(double two, double eight, string verdict)
    {
        IEnumerable<RunResult> Arm(string arm, double end) => [Run(arm, 1, 1, -3, -3, end), Run(arm, 2, 1, -3, -3, end + 0.01)];
        var claim = new Claims(Results([.. Arm("rlcm-h2", two), Run(StudyDefinition.Rlcm, 1, 1, -3, -3, -1.5), Run(StudyDefinition.Rlcm, 2, 1, -3, -3, -1.5), .. Arm("rlcm-h8", eight)])).All[5];
        Assert.Equal(verdict, claim.Verdict.ToString());
        Assert.StartsWith($"gain less that of the next shorter horizon: compression, H = 4: {(two < -1.5 ? "+0.495" : "-0.505")}", claim.Measured, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0.9, nameof(Verdict.Holds))]
    [InlineData(1, 1.1, nameof(Verdict.NotClear))]
    [InlineData(-1, 0.9, nameof(Verdict.DoesNotHold))]
    public void Unseen_prompts_are_judged_by_the_interval_of_the_change(double change, double half, string verdict) =>
        Assert.Equal(verdict, new Claims(Results([], [], [Unseen(change, half)])).All[7].Verdict.ToString());

    [Fact]
    public void Nothing_is_concluded_from_nothing() => Assert.All(new Claims(Results([])).All, claim => Assert.Equal((Verdict.NotMeasured, MarkdownText.Nothing), (claim.Verdict, claim.Measured)));
}

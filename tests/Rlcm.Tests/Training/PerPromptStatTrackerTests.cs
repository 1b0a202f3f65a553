using System.Text.Json;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class PerPromptStatTrackerTests
{
    /// <summary>The first calls of the golden tracker (buffer 16, min 4), made with ddpo-pytorch's.</summary>
    [Fact]
    public void Advantages_equal_those_of_the_original()
    {
        var tracker = new PerPromptStatTracker(16, 4);
        foreach (var (prompts, rewards, expected) in GoldenCalls)
        {
            var advantages = tracker.Update(prompts, rewards);
            Assert.All(expected.Zip(advantages), pair => Assert.Equal(pair.First, pair.Second, 1e-9 * Math.Abs(pair.First)));
        }
    }

    [Fact]
    public void Until_a_prompt_has_enough_the_batch_stands_in()
    {
        var tracker = new PerPromptStatTracker(bufferSize: 4, minCount: 3);
        Assert.Equal([-1 / (1 + 1e-6), 1 / (1 + 1e-6)], tracker.Update(["a", "b"], [1, 3]));

        // a now holds 1, 5, 6 with mean 4; b holds 3, 2 and takes the batch's mean 13/3.
        var advantages = tracker.Update(["a", "a", "b"], [5, 6, 2]);
        var ofA = Math.Sqrt((9 + 1 + 4) / 3.0) + 1e-6;
        Assert.Equal(1 / ofA, advantages[0], 1e-12);
        Assert.Equal(2 / ofA, advantages[1], 1e-12);
        Assert.Equal((2 - 13 / 3.0) / (Math.Sqrt((25 + 36 + 4) / 3.0 - 169 / 9.0) + 1e-6), advantages[2], 1e-12);
    }

    [Fact]
    public void Only_the_newest_rewards_of_a_prompt_are_kept()
    {
        var tracker = new PerPromptStatTracker(bufferSize: 2, minCount: 1);
        tracker.Update(["a", "a"], [100, 1]);
        tracker.Update(["a"], [3]);
        Assert.Equal([1.0, 3.0], tracker.Export().Rewards["a"]);
    }

    [Fact]
    public void Equal_rewards_give_zero_not_a_division_by_zero() =>
        Assert.Equal([0.0, 0.0], new PerPromptStatTracker(4, 1).Update(["a", "a"], [2, 2]));

    [Fact]
    public void A_state_restored_from_JSON_continues_exactly()
    {
        var original = new PerPromptStatTracker(16, 4);
        foreach (var (prompts, rewards, _) in GoldenCalls[..2])
            original.Update(prompts, rewards);
        var json = JsonSerializer.Serialize(original.Export());
        var restored = new PerPromptStatTracker(16, 4);
        restored.Update(["something else"], [1]);
        restored.Import(JsonSerializer.Deserialize<PerPromptStatTrackerState>(json)!);

        Assert.Equal(original.Update(GoldenCalls[2].Prompts, GoldenCalls[2].Rewards), restored.Update(GoldenCalls[2].Prompts, GoldenCalls[2].Rewards));
        Assert.Equal(["p0", "p1", "p2"], original.Export().Rewards.Keys);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_reward_that_is_no_number_is_refused_before_anything_is_kept(double reward)
    {
        var tracker = new PerPromptStatTracker(4, 1);
        Assert.Throws<ArgumentException>(() => tracker.Update(["a", "b"], [1, reward]));
        Assert.Throws<ArgumentException>(() => tracker.Update(["a", "b"], [1]));
        Assert.Empty(tracker.Export().Rewards);
    }

    private static readonly (string[] Prompts, double[] Rewards, double[] Advantages)[] GoldenCalls =
    [
        (
            ["p1", "p0", "p0", "p1", "p1", "p0"],
            [1.682194771975054, 0.03645364278029195, -2.090405814340036, 8.406036043700416, 1.9489575905989378, 6.912085442183973],
            [-0.3069222985973815, -0.7524706244790604, -1.3282711885502974, 1.5134102974392594, -0.23470211454966086, 1.1089559287371413]),
        (
            ["p2", "p0", "p1", "p2", "p2", "p0"],
            [9.386323811134922, -1.1804221284929621, 4.032748387959478, 3.847836935994753, 8.401308327006312, 1.7003261980579074],
            [1.377510441454383, -0.7088411826364726, 0.005669757675248982, -0.14177971606076054, 1.107305895741031, 0.19628570657208502]),
        (
            ["p1", "p0", "p0", "p1", "p0", "p0"],
            [6.601432736847688, 4.724080102982379, 10.741461162707132, 5.992391388958674, 8.425827558137062, 1.6112145220853762],
            [0.7436158495973323, 0.3049634020576572, 1.7243159904131538, 0.49533831305119674, 1.1781148245392017, -0.4292852312923132]),
        (
            ["p0", "p0", "p1", "p1", "p2", "p0"],
            [2.4498428684203217, 7.882460012278646, 4.347745474745906, 5.4755446530592, 7.620254703626028, 4.665849887986058],
            [-0.352441508430337, 1.041687046976954, -0.21603140697303955, 0.3100345706248145, 0.14609697219735718, 0.21623443230887354]),
    ];
}

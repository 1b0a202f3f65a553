using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Rewards;

public sealed class TrainingRewardTests
{
    private const double Epsilon = 1e-6;

    [Fact]
    public void Every_part_counts_in_standard_deviations_of_all_its_scores_so_far()
    {
        using var sum = Sum(new("a", 2), new("b", -1));
        // a: mean 2, std 1; b: mean 20, std 10
        AssertClose([2 * (1 - 2) / (1 + Epsilon) + 1 * 10 / (10 + Epsilon), 2 * (3 - 2) / (1 + Epsilon) - 1 * 10 / (10 + Epsilon)], sum.Train([[1, 3], [10, 30]]));
        // a: 1 3 5 7, mean 4, std sqrt 5; b: 10 30 20 20, mean 20, std sqrt 50
        AssertClose([2 * (5 - 4) / (Math.Sqrt(5) + Epsilon), 2 * (7 - 4) / (Math.Sqrt(5) + Epsilon)], sum.Train([[5, 7], [20, 20]]));
    }

    [Fact]
    public void Scores_count_within_their_limits_before_they_are_normalised()
    {
        using var sum = TrainingReward.Sum([new(new Named("a"), 1) { Min = 0, Max = 2 }]);
        AssertClose([-1 / (1 + Epsilon), 1 / (1 + Epsilon)], sum.Train([[-50, 400]]));
    }

    [Fact]
    public void A_part_that_does_not_vary_changes_nothing()
    {
        using var sum = Sum(new("a", 1), new("still", 5));
        using var alone = Sum(new("a", 1), new("other", 1));
        Assert.Equal(alone.Train([[1, 3], [0, 0]]), sum.Train([[1, 3], [0.1, 0.1]]));
    }

    [Fact]
    public void What_is_reported_is_measured_on_the_scale_of_the_first_evaluation_whatever_was_trained_since()
    {
        using var sum = Sum(new("a", 2), new("still", 3));
        Assert.False(sum.HasScale);
        Assert.Throws<InvalidOperationException>(() => sum.Measure([[1], [1]]));
        sum.FixScale([[10, 20], [7, 7]]); // mean 15, std 5; a part that does not vary counts in its own unit
        var before = sum.Measure([[15, 25], [7, 8]]);
        AssertClose([0, 2 * 10 / (5 + Epsilon) + 3 * 1], before);
        sum.Train([[100, 200], [0, 1]]);
        Assert.Equal(before, sum.Measure([[15, 25], [7, 8]]));
    }

    [Fact]
    public void A_single_reward_stays_as_it_is()
    {
        var reward = TrainingReward.Of(new Named("a"));
        Assert.Equal(("a", "points", false, true), (reward.Name, reward.Unit, reward.IsSum, reward.HasScale));
        double[] scores = [5, -3];
        Assert.Equal(scores, reward.Train([scores]));
        Assert.Equal(scores, reward.Measure([scores]));
        Assert.Null(reward.ByPart([scores]));
        Assert.Null(reward.Export());
    }

    [Fact]
    public void A_state_that_was_written_goes_on_to_the_bit_and_one_of_other_parts_is_left_alone()
    {
        using var whole = Sum(new("a", 2), new("b", 1));
        whole.FixScale([[1.5, 2.25], [0.1, 0.7]]);
        whole.Train([[0.1, 0.2, 0.3], [1, 5, 2]]);
        var state = JsonSerializer.Deserialize<TrainingRewardState>(JsonSerializer.Serialize(whole.Export()));
        using var continued = Sum(new("a", 2), new("b", 1));
        continued.Import(state);
        double[][] next = [[0.7, 0.9], [3, 1.0 / 3]];
        Assert.Equal(whole.Train(next), continued.Train(next));
        Assert.Equal(whole.Measure(next), continued.Measure(next));
        using var other = Sum(new("a", 2), new("c", 1));
        other.Import(state);
        Assert.False(other.HasScale);
    }

    [Fact]
    public async Task A_part_that_fails_is_named_and_the_others_are_given_up()
    {
        var stop = TestContext.Current.CancellationToken;
        using var sum = TrainingReward.Sum([new(new Named("slow") { Delay = Timeout.InfiniteTimeSpan }, 1), new(new Named("broken") { Score = float.NaN }, 1)]);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => sum.ScoreAsync(new(new byte[12], 1, 2, 2), ["a fox"], "update 3", 0, stop).WaitAsync(TimeSpan.FromSeconds(60), stop));
        Assert.Contains("Reward 'broken' returned NaN for image 0 of update 3, prompt 'a fox'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_part_that_failed_first_is_named_whatever_the_others_answer_to_their_cancellation()
    {
        var stop = TestContext.Current.CancellationToken;
        using var sum = TrainingReward.Sum([new(new Named("slow") { Delay = Timeout.InfiniteTimeSpan, FailsWhenGivenUp = true }, 1), new(new Named("broken") { Score = float.NaN }, 1)]);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => sum.ScoreAsync(new(new byte[12], 1, 2, 2), ["a fox"], "update 3", 0, stop).WaitAsync(TimeSpan.FromSeconds(60), stop));
        Assert.StartsWith("Reward 'broken' returned NaN ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_score_at_the_same_time_and_keep_their_order()
    {
        var stop = TestContext.Current.CancellationToken;
        using var sum = TrainingReward.Sum([new(new Named("late") { Score = 1, Delay = TimeSpan.FromMilliseconds(50) }, 1), new(new Named("early") { Score = 2 }, 1)]);
        Assert.Equal([[1f], [2f]], await sum.ScoreAsync(new(new byte[12], 1, 2, 2), ["a fox"], "update 1", 0, stop));
    }

    [Theory]
    [InlineData("a", 1, null, null, "Two parts of the weighted sum are called 'a'")]
    [InlineData("b", 0, null, null, "Reward 'b' has the weight 0")]
    [InlineData("b", double.NaN, null, null, "Reward 'b' has the weight NaN")]
    [InlineData("b", 1, 2.0, 2.0, "Reward 'b' counts from 2 to 2, expected a maximum above the minimum")]
    public void Parts_that_make_no_sum_are_refused(string name, double weight, double? min, double? max, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<UserErrorException>(() => TrainingReward.Sum([new(new Named("a"), 1), new(new Named(name), weight) { Min = min, Max = max }])).Message, StringComparison.Ordinal);

    private static void AssertClose(double[] expected, double[] actual) => Assert.Equal(expected, actual, (one, other) => Math.Abs(one - other) < 1e-12);

    private static TrainingReward Sum(params (string Name, double Weight)[] parts) => TrainingReward.Sum([.. parts.Select(part => new RewardPart(new Named(part.Name), part.Weight))]);

    private sealed class Named(string name) : IReward
    {
        public string Name => name;

        public string Unit => "points";

        public float Score { get; init; }

        public TimeSpan Delay { get; init; }

        public bool FailsWhenGivenUp { get; init; }

        public async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
        {
            try
            {
                await Task.Delay(Delay, cancellationToken);
            }
            catch (OperationCanceledException error) when (FailsWhenGivenUp)
            {
                throw new InvalidOperationException("The connection is gone.", error);
            }

            return [.. Enumerable.Repeat(Score, images.Count)];
        }
    }
}

using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Rewards;

public sealed class RewardGuardTests
{
    private static readonly ImageBatch Images = new(new byte[3 * 12], 3, 2, 2);
    private static readonly string[] Prompts = ["a red fox", "a bat", "a fly"];

    [Fact]
    public async Task Finite_scores_pass() =>
        Assert.Equal(new[] { 1f, -2f, 0f }, await Score(_ => [1, -2, 0]));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public async Task A_score_that_is_no_number_is_an_error_with_its_address(float score)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => [1, score, score]));
        Assert.Contains($"Reward 'mine' returned {score} for image 17 of update 7, prompt 'a bat'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_wrong_number_of_scores_is_an_error(int count)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => new float[count]));
        Assert.Contains($"Reward 'mine' returned {count} scores for 3 images in update 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_scores_at_all_are_an_error() =>
        await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => null!));

    [Fact]
    public async Task A_reward_that_throws_becomes_one_line_that_names_it_and_its_prompts()
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => throw new InvalidOperationException("no\nserver")));
        Assert.Equal(
            "Reward 'mine' failed on 3 images of update 7 (prompts 'a red fox' to 'a fly'): InvalidOperationException, no server. Correct the reward or what it depends on.",
            error.Message);
        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    [Fact]
    public async Task A_users_error_and_a_cancellation_pass_unchanged()
    {
        Assert.Equal("Do this.", (await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => throw new UserErrorException("Do this.")))).Message);

        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => Score(token => throw new OperationCanceledException(token), source.Token));
        await Assert.ThrowsAsync<UserErrorException>(() => Score(_ => throw new TaskCanceledException("time-out of its own")));
    }

    [Fact]
    public async Task Images_without_prompts_are_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => RewardGuard.ScoreAsync(new Mine(_ => []), Images, ["one"], "update 7", offset: 16, CancellationToken.None));

    private static Task<float[]> Score(Func<CancellationToken, float[]> scores, CancellationToken cancellationToken = default) =>
        RewardGuard.ScoreAsync(new Mine(scores), Images, Prompts, "update 7", offset: 16, cancellationToken);

    private sealed class Mine(Func<CancellationToken, float[]> scores) : IReward
    {
        public string Name => "mine";

        public string Unit => "points";

        public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
            Task.FromResult(scores(cancellationToken));
    }
}

using System.Globalization;
using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using Rlcm.Tests.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>What a network and a server do wrong: no picture is lost or scored zero, and the order stays.</summary>
public sealed class HttpRewardTests : IDisposable
{
    private const int Pictures = 9;

    private readonly RewardStub _server = new();
    private readonly ImpatientTime _time = new();

    public void Dispose() => _server.Dispose();

    public static TheoryData<string> Faults => ["429", "429 that asks to wait", "500", "503 HTML", "truncated", "NaN", "infinite", "too few", "too many", "text", "HTML", "nothing", "half an object", "another version", "closed", "silent"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task After_a_fault_it_is_asked_again_and_every_picture_has_its_score(string fault)
    {
        for (var i = 0; i < 3; i++)
            _server.Enqueue(Answer(fault));
        Assert.Equal(Expected(), await ScoreAsync(fault));
        Assert.True(_time.Waits.Count(wait => wait > TimeSpan.Zero) >= 3, $"{_time.Waits.Count} waits");
        if (fault == "429 that asks to wait")
            Assert.Contains(TimeSpan.FromSeconds(7), _time.Waits);
    }

    [Theory]
    [InlineData("500", " answered 500 ('no')")]
    [InlineData("too few", " answered 1 scores for 3 pictures")]
    [InlineData("NaN", " answered something else than expected (")]
    [InlineData("another version", " speaks version 2 of the protocol, expected 1")]
    [InlineData("silent", " did not answer within 0.5 s")]
    public async Task A_fault_that_does_not_end_is_reported_and_never_a_score(string fault, string expected)
    {
        for (var i = 0; i < 100; i++)
            _server.Enqueue(Answer(fault));
        var error = (await Assert.ThrowsAsync<UserErrorException>(() => ScoreAsync(fault))).Message;
        Assert.StartsWith($"The reward server {_server.Address}{expected}", error, StringComparison.Ordinal);
        Assert.EndsWith(", the last of 4 tries; see that it works, then start or continue the run.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_reported()
    {
        _server.Dispose();
        Assert.Contains(" cannot be reached (", (await Assert.ThrowsAsync<UserErrorException>(ScoreAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "put its key into the environment variable RLCM_TEST_KEY.")]
    [InlineData(404, "check its address and that it speaks this protocol.")]
    public async Task A_refusal_is_final(int status, string advice)
    {
        _server.Enqueue(_ => RewardStub.Response(status, "\u001b[2J"));
        using var reward = Reward(new(_server.Address) { BatchSize = 100, KeyVariable = "RLCM_TEST_KEY" });
        var error = (await Assert.ThrowsAsync<UserErrorException>(() => ScoreAsync(reward))).Message;
        Assert.Equal($"The reward server {_server.Address} answered {status} ('?[2J'); {advice}", error);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Batches_and_requests_at_once_are_bounded_and_pictures_are_PNG_files()
    {
        _server.Delay = TimeSpan.FromMilliseconds(100);
        using var reward = Reward(new(_server.Address) { BatchSize = 1, Concurrency = 2 });
        Assert.Equal(Expected(), await ScoreAsync(reward));
        Assert.Equal((Pictures, 2), (_server.Requests.Count, _server.MostAtOnce));
        using var request = JsonDocument.Parse(_server.Requests.First());
        var png = Convert.FromBase64String(Assert.Single(request.RootElement.GetProperty("images").EnumerateArray()).GetString()!);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], png);
        Assert.Equal(4, PngFile.Read(folder["a.png"]).Width);
    }

    [Fact]
    public async Task Cancellation_is_prompt()
    {
        _server.Enqueue(Answer("silent"));
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        using var reward = Reward(new(_server.Address) { BatchSize = 100 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reward.ScoreAsync(Images(), Prompts(), stop.Token));
    }

    [Fact]
    public async Task A_refusal_ends_the_other_requests_and_a_long_wait_is_not_waited_for()
    {
        _server.Enqueue(_ => RewardStub.Response(429, "", "Retry-After: 7200\r\n"));
        _server.Enqueue(_ => null);
        _server.Enqueue(_ => null);
        Assert.EndsWith(" answered 429 and asks to wait for 7200 seconds, at the first try; see that it works, then start or continue the run.", (await Assert.ThrowsAsync<UserErrorException>(ScoreAsync)).Message, StringComparison.Ordinal);
    }

    private static Func<string, string?> Answer(string fault) => body => fault switch
    {
        "429" => RewardStub.Response(429, ""),
        "429 that asks to wait" => RewardStub.Response(429, "", "Retry-After: 7\r\n"),
        "500" => RewardStub.Response(500, "no"),
        "503 HTML" => RewardStub.Response(503, "<html>"),
        "truncated" => RewardStub.Response(200, """{"version": 1, "scores": [""", length: 1000),
        "NaN" => RewardStub.Response(200, """{"version": 1, "scores": [NaN, NaN, NaN]}"""),
        "infinite" => RewardStub.Response(200, """{"version": 1, "scores": [1e999, 1e999, 1e999]}"""),
        "too few" => RewardStub.Response(200, """{"version": 1, "scores": [1]}"""),
        "too many" => RewardStub.Response(200, """{"version": 1, "scores": [1, 2, 3, 4, 5]}"""),
        "text" => RewardStub.Response(200, """{"version": 1, "scores": ["1", "2", "3"]}"""),
        "HTML" => RewardStub.Response(200, "<html>"),
        "nothing" => RewardStub.Response(200, ""),
        "half an object" => RewardStub.Response(200, """{"version": 1}"""),
        "another version" => RewardStub.Response(200, """{"version": 2, "scores": [1, 2, 3]}"""),
        "closed" => "",
        _ => null,
    };

    private Task<float[]> ScoreAsync() => ScoreAsync(string.Empty);

    /// <summary>What is silent is not waited for long; a machine that is at other tests may take its time for all else.</summary>
    private async Task<float[]> ScoreAsync(string fault)
    {
        using var reward = Reward(new(_server.Address) { BatchSize = 3, Retries = 3, Timeout = TimeSpan.FromSeconds(fault == "silent" ? 0.5 : 60) });
        return await ScoreAsync(reward);
    }

    private HttpReward Reward(RemoteSettings settings) => new(settings, _time);

    private static Task<float[]> ScoreAsync(HttpReward reward) =>
        RewardGuard.ScoreAsync(reward, Images(), Prompts(), "update 1", offset: 0, TestContext.Current.CancellationToken);

    private static float[] Expected() => [.. Enumerable.Range(1, Pictures).Select(n => (float)n)];

    private static string[] Prompts() => [.. Enumerable.Range(1, Pictures).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    private static ImageBatch Images() => new(new byte[Pictures * 4 * 4 * 3], Pictures, 4, 4);
}

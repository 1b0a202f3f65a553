using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Rewards.Alignment;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Rlcm.Tests.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>A vision-language model behind a network: no picture is lost or scored zero, the order stays, and nothing is asked twice.</summary>
public sealed class VlmRewardTests : IDisposable
{
    private static readonly int[] Levels = [3, 0, 7, 9, 1, 5, 2];

    private readonly RewardStub _server = new(ChatStub.Right);
    private readonly ImpatientTime _time = new();
    private readonly List<string> _told = [];
    private readonly BertScorer _scorer = BertScorer.Load(GoldenData.Shared("bertscore-a/bert"));

    public void Dispose()
    {
        _server.Dispose();
        _scorer.Dispose();
    }

    public static TheoryData<string> Faults =>
        ["429", "429 that asks to wait", "500", "503 HTML", "truncated", "HTML", "nothing", "an error", "no choices", "empty choices", "choices of another kind", "no message", "null text", "empty text", "white space", "no words", "a number", "endless", "closed", "silent"];

    [Fact]
    public async Task A_score_is_the_recall_of_the_prompt_in_the_answer()
    {
        using var reward = Reward();
        var scores = await ScoreAsync(reward);
        Assert.Equal(Expected(), scores);
        Assert.Equal(7, scores.Distinct().Count());
        Assert.All(scores, score => Assert.InRange(score, 0.5, 1));
        Assert.Equal(("vlm-bertscore", "recall", $"the reward server {_server.Address}v1/chat/completions"), (reward.Name, reward.Unit, reward.Source));
        Assert.Empty(_told);
    }

    [Fact]
    public async Task What_is_asked_is_what_DDPO_asks()
    {
        using var reward = Reward(model: "llava:13b");
        await reward.ScoreAsync(ChatStub.Pictures(4), ["a fox"], TestContext.Current.CancellationToken);
        using var request = JsonDocument.Parse(Assert.Single(_server.Requests));
        var root = request.RootElement;
        Assert.Equal(("llava:13b", 64, 0), (root.GetProperty("model").GetString(), root.GetProperty("max_tokens").GetInt32(), root.GetProperty("temperature").GetInt32()));
        var content = Assert.Single(root.GetProperty("messages").EnumerateArray()).GetProperty("content").EnumerateArray().ToArray();
        Assert.Equal(2, content.Length);
        var (url, question) = (content[0].GetProperty("image_url").GetProperty("url").GetString()!, content[1].GetProperty("text").GetString());
        Assert.Equal("Answer concisely: what is going on in this image?", question);
        Assert.Equal(JpegFile.Encode(ChatStub.Pictures(4)[0], 16, 16, quality: 80), Convert.FromBase64String(url["data:image/jpeg;base64,".Length..]));
        Assert.DoesNotContain("fox", _server.Requests.First(), StringComparison.Ordinal); // the model must not know the prompt
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task After_a_fault_it_is_asked_again_and_every_picture_has_its_score(string fault)
    {
        for (var i = 0; i < 3; i++)
            _server.Enqueue(Answer(fault));
        using var reward = Reward(seconds: fault == "silent" ? 0.5 : 60);
        Assert.Equal(Expected(), await ScoreAsync(reward));
        Assert.True(_time.Waits.Count(wait => wait > TimeSpan.Zero) >= 3, $"{_time.Waits.Count} waits");
        if (fault == "429 that asks to wait")
            Assert.Contains(TimeSpan.FromSeconds(7), _time.Waits);
        Assert.Matches($"^The reward server {_server.Address}v1/chat/completions .+; it is asked again in [0-9.]+ s\\.$", Assert.Single(_told)); // not three times
    }

    [Theory]
    [InlineData("500", "answered 500 ('no')")]
    [InlineData("silent", "did not answer within 0.5 s")]
    [InlineData("an error", "answered something else than expected (no object with choices: '{\"error\":{\"message\":\"no such model\"}}')")]
    [InlineData("empty choices", "answered without a choice")]
    [InlineData("null text", "answered an empty text")]
    [InlineData("empty text", "answered an empty text")]
    [InlineData("white space", "answered an empty text")]
    [InlineData("no words", "answered a text without words ('\u200b')")]
    [InlineData("endless", "answered 20000 letters, asked for 64 tokens at most")]
    public async Task A_fault_that_does_not_end_is_reported_and_never_a_score(string fault, string expected)
    {
        for (var i = 0; i < 100; i++)
            _server.Enqueue(Answer(fault));
        using var reward = Reward(seconds: fault == "silent" ? 0.5 : 60);
        var error = (await Assert.ThrowsAsync<UserErrorException>(() => ScoreAsync(reward))).Message;
        Assert.Equal($"The reward server {_server.Address}v1/chat/completions {expected}, the last of 4 tries; see that it works, then start or continue the run.", error);
    }

    [Fact]
    public async Task A_server_that_dies_amid_a_batch_fails_it_and_what_it_had_answered_is_not_asked_again()
    {
        for (var i = 0; i < 3; i++)
            _server.Enqueue(ChatStub.Right);
        for (var i = 0; i < 100; i++)
            _server.Enqueue(_ => "");
        using var reward = Reward(concurrency: 1);
        await Assert.ThrowsAsync<UserErrorException>(() => ScoreAsync(reward));
        var asked = _server.Requests.Count;
        _server.ForgetFaults();
        Assert.Equal(Expected(), await ScoreAsync(reward));
        Assert.Equal(Levels.Length - 3, _server.Requests.Count - asked);
    }

    [Theory]
    [InlineData(401, "put its key into the environment variable RLCM_TEST_KEY.")]
    [InlineData(404, "check its address and that it speaks this protocol.")]
    public async Task A_refusal_is_final(int status, string advice)
    {
        for (var i = 0; i < Levels.Length; i++)
            _server.Enqueue(_ => RewardStub.Response(status, """{"error": "model 'x' not found"}"""));
        using var reward = Reward(concurrency: 1);
        var error = (await Assert.ThrowsAsync<UserErrorException>(() => ScoreAsync(reward))).Message;
        Assert.Equal($$"""The reward server {{_server.Address}}v1/chat/completions answered {{status}} ('{"error": "model 'x' not found"}'); {{advice}}""", error);
        Assert.Single(_server.Requests);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task Equal_pictures_are_asked_about_once()
    {
        using var reward = Reward();
        var scores = await reward.ScoreAsync(ChatStub.Pictures(3, 1, 3, 3), ["a fox", "a fox", "a fox", "a cat"], TestContext.Current.CancellationToken);
        Assert.Equal((2, scores[0]), (_server.Requests.Count, scores[2]));
        Assert.NotEqual(scores[0], scores[3]); // another prompt
        await reward.ScoreAsync(ChatStub.Pictures(1, 2), ["a cat", "a cat"], TestContext.Current.CancellationToken);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public async Task Requests_at_once_are_bounded()
    {
        _server.Delay = TimeSpan.FromMilliseconds(100);
        using var reward = Reward(concurrency: 2);
        Assert.Equal(Expected(), await ScoreAsync(reward));
        Assert.Equal((Levels.Length, 2), (_server.Requests.Count, _server.MostAtOnce));
    }

    [Fact]
    public async Task Cancellation_is_prompt()
    {
        for (var i = 0; i < 4; i++)
            _server.Enqueue(Answer("silent"));
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        using var reward = new VlmReward(new(_server.Address), model: null, _scorer, _time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reward.ScoreAsync(ChatStub.Pictures(Levels), Prompts(), stop.Token));
    }

    [Fact]
    public void The_newest_answers_are_kept()
    {
        var cache = new AnswerCache(capacity: 2);
        foreach (var letter in (string[])["a", "b", "a", "c"])
            cache.Add(letter, letter.ToUpperInvariant());
        Assert.Equal((null, "B", "C"), (cache.Find("a"), cache.Find("b"), cache.Find("c")));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions")]
    [InlineData("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions")]
    [InlineData("https://host/api/v1/", "https://host/api/v1/chat/completions")]
    [InlineData("http://host/v1/chat/completions", "http://host/v1/chat/completions")]
    [InlineData("https://host/deployments/x?version=2", "https://host/deployments/x/chat/completions?version=2")]
    public void The_address_is_that_of_clients_of_OpenAI(string given, string asked) => Assert.Equal(asked, VisionChat.Address(new(given)).ToString());

    private static Func<string, string?> Answer(string fault) => body => fault switch
    {
        "429" => RewardStub.Response(429, ""),
        "429 that asks to wait" => RewardStub.Response(429, "", "Retry-After: 7\r\n"),
        "500" => RewardStub.Response(500, "no"),
        "503 HTML" => RewardStub.Response(503, "<html>"),
        "truncated" => RewardStub.Response(200, """{"choices": [{"message": {"content": "a f""", length: 1000),
        "HTML" => RewardStub.Response(200, "<html>"),
        "nothing" => RewardStub.Response(200, ""),
        "an error" => RewardStub.Response(200, """{"error":{"message":"no such model"}}"""),
        "no choices" => RewardStub.Response(200, """{"id": "x"}"""),
        "empty choices" => RewardStub.Response(200, """{"choices": []}"""),
        "choices of another kind" => RewardStub.Response(200, """{"choices": ["a fox"]}"""),
        "no message" => RewardStub.Response(200, """{"choices": [{"text": "a fox"}]}"""),
        "null text" => ChatStub.Answer(null),
        "empty text" => ChatStub.Answer(""),
        "white space" => ChatStub.Answer(" \n\t"),
        "no words" => ChatStub.Answer("\u200b"),
        "a number" => RewardStub.Response(200, """{"choices": [{"message": {"content": 7}}]}"""),
        "endless" => ChatStub.Answer(new string('a', 20_000)),
        "closed" => "",
        _ => null,
    };

    /// <param name="seconds">Long enough for a machine that is at other tests, where silence is not what is tested.</param>
    private VlmReward Reward(string? model = null, int concurrency = 4, double seconds = 60) => new(
        new(_server.Address) { Retries = 3, Timeout = TimeSpan.FromSeconds(seconds), Concurrency = concurrency, KeyVariable = "RLCM_TEST_KEY" }, model, _scorer, _time, new SynchronousProgress<RewardRetry>(retry => _told.Add(retry.Message)));

    private static Task<float[]> ScoreAsync(VlmReward reward) =>
        RewardGuard.ScoreAsync(reward, ChatStub.Pictures(Levels), Prompts(), "update 1", offset: 0, TestContext.Current.CancellationToken);

    private float[] Expected() => [.. Levels.Zip(Prompts(), (level, prompt) => (float)_scorer.Score(ChatStub.Answers[level], $"The image contains {prompt}").Recall)];

    private static string[] Prompts() => ["a fox", "a llama", "an ant riding a bike", "a cat playing chess", "a fox", "two cats", "snow"];
}

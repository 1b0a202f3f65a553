using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Rewards;
using Rlcm.Rewards.Alignment;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Rlcm.Tests.Models.Hub;
using Rlcm.Tests.Training;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>Whole runs for rewards of servers: these are asked before anything begins, and may die amid it.</summary>
public sealed class RemoteRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImpatientTime _time = new();
    private readonly TrainConfig _config;

    public RemoteRunTests()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        _config = new()
        {
            Model = TinyModels.Write(_folder["model"]),
            Prompts = _folder["prompts.txt"],
            EvaluationPrompts = _folder["prompts.txt"],
            BertModel = GoldenData.Shared("bertscore-a/bert"),
            VlmModel = "tiny",
            Updates = 4,
            ImagesPerUpdate = 4,
            SamplingBatch = 2,
            MicroBatch = 2,
            Horizon = 2,
            OriginSteps = 2,
            CheckpointEvery = 100,
            EvaluateEvery = 100,
        };
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("http")]
    [InlineData("vlm-bertscore")]
    public void A_server_is_asked_about_a_grey_picture_before_a_run_begins(string task)
    {
        using var server = Server(task);
        var results = new List<SelfCheckResult>();
        using var session = new TrainingSession(_config with { Task = task, RewardUrl = server.Address.ToString() });
        Assert.Empty(server.Requests);
        session.Check(new SynchronousProgress<IReadOnlyList<SelfCheckResult>>(results.AddRange), TestContext.Current.CancellationToken);
        Assert.Single(server.Requests);
        Assert.Equal(("the reward answers", true), (results[0].Name, results[0].Passed));
        Assert.Matches($"^the reward server {server.Address}.* in [0-9.]+ s: [0-9.]+ for a grey picture$", results[0].Finding);
        Assert.True(results.Count > 1);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("vlm-bertscore")]
    public void A_server_that_is_not_there_is_reported_before_anything_is_written(string task)
    {
        using var server = Server(task);
        server.Dispose();
        using var reward = Reward(task, server);
        var error = Assert.Throws<UserErrorException>(() => Tuning.Run((IReward)reward, _config, _folder["run"], stop: TestContext.Current.CancellationToken)).Message;
        Assert.Matches($"^The reward server {server.Address}.* cannot be reached \\(.+\\), the last of 3 tries; see that it works, then start or continue the run\\.$", error);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("vlm-bertscore")]
    public void A_run_whose_server_dies_goes_on_from_its_last_update_to_the_same_adapter(string task)
    {
        using var server = Server(task);
        using (var reward = Reward(task, server))
        {
            var dying = new SynchronousProgress<UpdateMetrics>(update =>
            {
                for (var i = 0; update.Update == 2 && i < 100; i++)
                {
                    var answer = i % 2 == 0 ? "" : RewardStub.Response(502, "<html>");
                    server.Enqueue(_ => answer);
                }
            });
            Assert.Throws<UserErrorException>(() => Tuning.Run((IReward)reward, _config, _folder["run"], dying, TestContext.Current.CancellationToken));
        }

        Assert.Equal([2L], new CheckpointStore(_folder["run/checkpoints"]).Numbers);
        server.ForgetFaults();
        using (var reward = Reward(task, server))
            Tuning.Run((IReward)reward, _config, _folder["run"], stop: TestContext.Current.CancellationToken);
        using (var reward = Reward(task, server))
            Tuning.Run((IReward)reward, _config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(_folder["whole/adapter/adapter_model.safetensors"]), File.ReadAllBytes(_folder["run/adapter/adapter_model.safetensors"]));
        Assert.Equal(Rewards("whole"), Rewards("run"));
        Assert.True(Rewards("run").Distinct().Count() > 1);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("vlm-bertscore")]
    public void A_run_whose_server_dies_in_an_evaluation_makes_it_up_and_goes_on_to_the_same_files(string task)
    {
        var config = _config with { EvaluateEvery = 2, KeepLast = 1 };
        using var server = Server(task);
        using (var reward = Reward(task, server))
        {
            var dying = new SynchronousProgress<UpdateMetrics>(update =>
            {
                for (var i = 0; update.Update == 2 && i < 100; i++)
                    server.Enqueue(_ => RewardStub.Response(502, "<html>"));
            });
            var error = Assert.Throws<UserErrorException>(() => Tuning.Run((IReward)reward, config, _folder["run"], dying, TestContext.Current.CancellationToken)).Message;
            Assert.Matches("^The reward server .* then start or continue the run\\.$", error);
        }

        Assert.Equal([2L], new CheckpointStore(_folder["run/checkpoints"]).Numbers);
        Assert.Equal([0], MetricsFile.Read(_folder["run/metrics.jsonl"]).Evaluations.Select(line => line.Update));
        server.ForgetFaults();
        using (var reward = Reward(task, server))
            Tuning.Run((IReward)reward, config, _folder["run"], stop: TestContext.Current.CancellationToken);
        using (var reward = Reward(task, server))
            Tuning.Run((IReward)reward, config, _folder["whole"], stop: TestContext.Current.CancellationToken);
        Assert.Equal([0, 2, 4], MetricsFile.Read(_folder["run/metrics.jsonl"]).Evaluations.Select(line => line.Update));
        RunFiles.RequireEqual(_folder["whole"], _folder["run"]);
    }

    private double[] Rewards(string run) => [.. MetricsFile.Read(_folder[$"{run}/metrics.jsonl"]).Updates.Select(update => update.RewardMean)];

    private IDisposable Reward(string task, RewardStub server)
    {
        var settings = new RemoteSettings(server.Address) { Retries = 2 };
        return task == "http" ? new HttpReward(settings, _time) : new VlmReward(settings, _config.VlmModel, BertScorer.Load(_config.BertModel!), _time);
    }

    private static RewardStub Server(string task) => new(task == "http" ? SizesOfPictures : ChatStub.Right);

    private static string SizesOfPictures(string body)
    {
        using var request = JsonDocument.Parse(body);
        var scores = request.RootElement.GetProperty("images").EnumerateArray().Select(image => image.GetString()!.Length);
        return RewardStub.Response(200, JsonSerializer.Serialize(new { version = 1, scores }));
    }
}

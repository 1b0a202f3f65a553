using System.CommandLine;
using Rlcm.Cli.Commands;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

public sealed class TrainOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_options_it_is_the_quick_preset_in_a_new_folder_under_runs()
    {
        var request = Read();
        Assert.Equal(("compression", "models/emoji-lcm", 1UL), (request.Config.Task, request.Config.Model, request.Config.Seed));
        Assert.Matches(@"^runs.compression-\d{8}T\d{6}Z$", request.Output);
        Assert.Null(request.Resume);
        Assert.False(request.Quiet || Directory.Exists(request.Output));
    }

    [Fact]
    public void Every_flag_reaches_its_key_and_set_wins()
    {
        var request = Read(
            "--task", "incompression", "--model", "m", "--prompts", "p", "--updates", "2", "--seed", "3", "--threads", "1", "--device", "cuda",
            "--set", "updates=5", "--set", "horizon=8", "--quiet", "--output", _folder["run"]);
        var config = request.Config;
        Assert.Equal(("incompression", "m", "p", 5, 3UL, 1, "cuda", 8), (config.Task, config.Model, config.Prompts, config.Updates, config.Seed, config.Threads, $"{config.Device}", config.Horizon));
        Assert.Equal((_folder["run"], true), (request.Output, request.Quiet));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void An_algorithm_brings_its_preset_unless_one_is_named()
    {
        Assert.Equal("models/emoji-teacher", Read("--algorithm", "ddpo").Config.Model);
        Assert.Equal("models/emoji-lcm", Read("--algorithm", "rlcm").Config.Model);
        Assert.Contains("belongs to algorithm rlcm", Assert.Throws<FileContentException>(() => Read("--algorithm", "ddpo", "--config", "quick")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_changes_the_reward_and_nothing_else() =>
        Assert.Equivalent(Read("--task", "compression").Config with { Task = "incompression" }, Read("--task", "incompression").Config, strict: true);

    [Fact]
    public void Rewards_make_the_task_a_weighted_sum()
    {
        var config = Read("--reward", "compression=1", "--reward", "http=-0.5:0..1", "--reward-url", "http://127.0.0.1:1").Config;
        Assert.Equal("weighted", config.Task);
        Assert.Equal([new("compression", 1), new RewardWeight("http", -0.5, 0, 1)], config.Rewards);
        var error = Assert.Throws<UserErrorException>(() => Read("--task", "compression", "--reward", "compression=1")).Message;
        Assert.StartsWith("--reward, --task: rewards: rewards are summed by task weighted alone, found compression; ", error, StringComparison.Ordinal);
        Assert.StartsWith("--reward: expected a list of rewards and weights, such as ", Assert.Throws<UserErrorException>(() => Read("--reward", "compression")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reward_that_the_task_does_not_use_is_refused() =>
        Assert.Equal(
            "--clip-model, --task: clipModel: clipModel belongs to task clip-score or pick-score, and the task is incompression; leave it out (in a configuration: null), or change the task.",
            Assert.Throws<UserErrorException>(() => Read("--task", "incompression", "--clip-model", "x")).Message);

    [Fact]
    public void An_output_folder_with_something_in_it_is_refused()
    {
        File.WriteAllText(_folder["note.txt"], "mine");
        Assert.Contains("not empty", Assert.Throws<UserErrorException>(() => Read("--output", _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_continued_with_its_own_configuration()
    {
        File.WriteAllText(_folder["config.json"], """{ "seed": 7, "updates": 4 }""");
        var request = Read("--resume", _folder.Path, "--updates", "6");
        Assert.Equal((7UL, 6, _folder.Path, new ResumeRequest()), (request.Config.Seed, request.Config.Updates, request.Output, request.Resume));
    }

    [Theory]
    [InlineData("--config", "quick")]
    [InlineData("--output", "elsewhere")]
    public void A_run_is_continued_with_its_own_files(string option, string value)
    {
        File.WriteAllText(_folder["config.json"], "{}");
        Assert.Contains($"found {option} beside it", Assert.Throws<UserErrorException>(() => Read("--resume", _folder.Path, option, value)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_can_be_continued_from_another_checkpoint_and_by_force()
    {
        File.WriteAllText(_folder["config.json"], "{}");
        Assert.Equal(new ResumeRequest(40, Force: true), Read("--resume", _folder.Path, "--checkpoint", "40", "--force").Resume);
    }

    [Theory]
    [InlineData("--checkpoint", "40")]
    [InlineData("--force")]
    public void What_belongs_to_a_run_that_is_continued_is_refused_without_one(params string[] arguments) => Assert.Equal(
        $"{arguments[0]} belongs to a run that is continued, found it without --resume; add --resume, or leave it out.",
        Assert.Throws<UserErrorException>(() => Read(arguments)).Message);

    private static TrainRequest Read(params string[] arguments)
    {
        var options = new TrainOptions();
        var command = new Command("train");
        options.AddTo(command);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed, TimeProvider.System);
    }
}

using System.Text.Json.Nodes;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Training;

/// <summary>Beginning and continuing a run's folder, without training in it.</summary>
public sealed class TrainingRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainConfig _config;

    public TrainingRunTests()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        _config = new() { Model = TinyModels.Write(_folder["model"]), Prompts = _folder["prompts.txt"], EvaluationPrompts = _folder["prompts.txt"], Updates = 400 };
        using var run = TrainingRun.Begin(_folder["run"], _config, ["train"], TimeProvider.System);
        Save(run, 1);
        Save(run, 2);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_that_was_begun_in_a_folder_cannot_be_begun_there_again()
    {
        Assert.Contains("is not empty", Assert.Throws<UserErrorException>(() => TrainingRun.Begin(_folder["run"], _config, [], TimeProvider.System)).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["killed/images"]);
        File.WriteAllText(_folder["killed/.lock"], "");
        TrainingRun.Begin(_folder["killed"], _config, [], TimeProvider.System).Dispose(); // what a process leaves that was killed before it said what the run is
    }

    [Fact]
    public void What_does_not_change_a_number_may_change_and_is_written_down()
    {
        Directory.Move(_folder["model"], _folder["moved"]);
        var config = _config with { Model = _folder["moved"], Updates = 900, EvaluateEvery = 3, CheckpointEvery = 3, KeepLast = 1, KeepBest = 0, Threads = (int)get_num_threads() };
        using (var run = Continue(config))
        {
            Assert.Equal((2L, null), (run.Checkpoint!.Number, run.GivenUp));
            Assert.Equal(400, TrainConfigReader.ReadRun(_folder["run/config.json"], [], []).Updates); // nothing is written before all is well
            run.Start();
        }

        Assert.Equal(900, TrainConfigReader.ReadRun(_folder["run/config.json"], [], []).Updates);
        var manifest = RunManifest.Read(_folder["run/manifest.json"])!;
        Assert.Equal(("train", 2L), (string.Join(' ', manifest.CommandLine), Assert.Single(manifest.Continued).FromUpdate));
    }

    [Fact]
    public void Everything_that_may_is_refused_with_a_list_and_nothing_is_written()
    {
        File.AppendAllText(_folder["prompts.txt"], "a zebra\n");
        var before = File.ReadAllText(_folder["run/config.json"]);
        var error = Assert.Throws<UserErrorException>(() => Continue(_config with { LearningRate = 0.5, MicroBatch = 1, Threads = 63 })).Message;
        Assert.All(
            (string[])["learningRate was 0.0001, is 0.5; ", "microBatch was 2, is 1; ", "; prompts was SHA-256 ", "; threads was "],
            part => Assert.Contains(part, error, StringComparison.Ordinal));
        Assert.Equal(before, File.ReadAllText(_folder["run/config.json"]));
        Assert.Empty(RunManifest.Read(_folder["run/manifest.json"])!.Continued);

        Assert.StartsWith("updates: 2 are done in ", Assert.Throws<UserErrorException>(() => Continue(_config with { Updates = 1 }, new(Force: true))).Message, StringComparison.Ordinal);
        using var forced = Continue(_config with { LearningRate = 0.5 }, new(Force: true));
        Assert.StartsWith("Continued by --force: ", forced.GivenUp, StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_lines_of_metrics_are_missed()
    {
        File.WriteAllLines(_folder["run/metrics.jsonl"], File.ReadAllLines(_folder["run/metrics.jsonl"]).Take(1));
        Assert.Contains($"{_folder["run/metrics.jsonl"]} had a line for each of 2 updates, is without 1, the first of them that of update 2", Assert.Throws<UserErrorException>(() => Continue(_config)).Message, StringComparison.Ordinal);
        File.Delete(_folder["run/metrics.jsonl"]);
        Assert.Contains("is without 2, the first of them that of update 1", Assert.Throws<UserErrorException>(() => Continue(_config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_an_earlier_checkpoint_on_the_later_ones_are_gone()
    {
        using var run = Continue(_config, new(Checkpoint: 1));
        Assert.Equal(1, run.Checkpoint!.Number);
        Assert.Equal([1L, 2L], new CheckpointStore(run.Folder.Checkpoints).Numbers);
        run.Start();
        Assert.Equal([1L], new CheckpointStore(run.Folder.Checkpoints).Numbers);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, false)]
    public void Without_a_checkpoint_it_begins_anew_and_keeps_the_figures_of_the_untuned_model_where_nothing_has_changed(ulong seed, bool keeps)
    {
        Directory.Delete(_folder["run/checkpoints"], recursive: true);
        File.WriteAllText(_folder["run/evaluation-before.json"], "[]");
        using var run = Continue(_config with { Seed = seed });
        run.Start();
        Assert.Null(run.Checkpoint);
        Assert.Equal(keeps, File.Exists(run.Folder.EvaluationBefore));
        var manifest = RunManifest.Read(run.Folder.Manifest)!;
        Assert.Equal((seed, keeps ? "train" : "train --resume"), (manifest.Seed, string.Join(' ', manifest.CommandLine)));
        Assert.True(Directory.Exists(run.Folder.Checkpoints));
    }

    [Theory]
    [InlineData("versions")]
    [InlineData("hardware")]
    public void Figures_of_another_program_or_machine_are_not_kept(string entry)
    {
        Directory.Delete(_folder["run/checkpoints"], recursive: true);
        File.WriteAllText(_folder["run/evaluation-before.json"], "[]");
        var manifest = JsonNode.Parse(File.ReadAllText(_folder["run/manifest.json"]))!;
        manifest[entry]![entry == "versions" ? "rlcm" : "processor"] = "another";
        File.WriteAllText(_folder["run/manifest.json"], manifest.ToJsonString());
        using var run = Continue(_config);
        run.Start();
        Assert.False(File.Exists(run.Folder.EvaluationBefore));
        Assert.DoesNotContain("another", File.ReadAllText(run.Folder.Manifest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adapter")] // as every stop leaves one, after a checkpoint
    [InlineData("evaluation.json")]
    [InlineData("metrics.jsonl")]
    public void A_run_that_has_lost_its_checkpoints_does_not_begin_anew(string made)
    {
        if (made == "adapter")
            Directory.CreateDirectory(_folder["run/adapter"]);
        else if (made == "evaluation.json")
            File.WriteAllText(_folder["run/evaluation.json"], "{}");
        else
            AppendMetrics(RunFolder.Open(_folder["run"]), _config.CheckpointEvery + 1); // the one before has a checkpoint
        Directory.Delete(_folder["run/checkpoints"], recursive: true);
        Assert.StartsWith($"The run in {_folder["run"]} has lost its checkpoints: expected some in ", Assert.Throws<UserErrorException>(() => Continue(_config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_does_not_say_what_it_is_of_is_refused()
    {
        using var tensor = zeros(1);
        new CheckpointStore(_folder["run/checkpoints"]).Save(3, new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["x"] = tensor }, new { update = 3, queries = 1, seconds = 1, adamSteps = 1, rewards = new { rewards = new { } } });
        Assert.Contains("state.json is no TrainingState (", Assert.Throws<UserErrorException>(() => Continue(_config)).Message, StringComparison.Ordinal);
    }

    private TrainingRun Continue(TrainConfig config, ResumeRequest? request = null) => TrainingRun.Continue(_folder["run"], config, request ?? new(), ["train", "--resume"], TimeProvider.System);

    private static void Save(TrainingRun run, int update)
    {
        using var tensor = zeros(1);
        var state = new TrainingState(update, update, 1, update, new PerPromptStatTracker(4, 2).Export(), run.Identity);
        new CheckpointStore(run.Folder.Checkpoints).Save(update, new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["x"] = tensor }, state);
        AppendMetrics(run.Folder, update);
    }

    private static void AppendMetrics(RunFolder folder, int update)
    {
        using var log = File.Exists(folder.Metrics) ? MetricsLog.Continue(folder.Metrics, update - 1) : MetricsLog.Create(folder.Metrics);
        log.Append(new UpdateMetrics(update, update, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1e-4, 1));
    }
}

using Rlcm.Checkpoints;
using Rlcm.Inspection;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Inspection;

public sealed class RunInspectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public RunInspectorTests()
    {
        _run = RunFolder.Create(_folder["run"]);
        TrainConfigReader.Write(new() { Model = "org/model", Task = "incompression", Updates = 20 }, _run.Config);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_stopped_run_says_how_far_it_is_and_how_to_go_on()
    {
        Metrics(
            Evaluation(0, 2.5), Update(1), Evaluation(5, 3.25), Update(10), Evaluation(10, 3));
        Checkpoint(10);
        Directory.CreateDirectory(_run.Adapter);
        Assert.Equal(
            [
                "task: incompression", "model: org/model", "progress: 10 of 20 updates", "checkpoints: 10",
                "mean reward: 2.5 at first, 3 after update 10", $"best: 3.25 after update 5: {_run.Best}",
                $"go on with it: rlcm train --resume {_run.Path}",
                $"draw with it: rlcm sample --model org/model --adapter {_run.Adapter} --prompt TEXT --output F.png",
            ],
            Facts());
    }

    [Fact]
    public void A_diffusion_model_is_drawn_with_as_it_was_trained()
    {
        TrainConfigReader.Write(TrainConfigReader.Read("ddpo", [], []), _run.Config);
        Metrics();
        Directory.CreateDirectory(_run.Adapter);
        Assert.Contains($"draw with it: rlcm sample --model models/emoji-teacher --adapter {_run.Adapter} --steps 50 --eta 1 --prompt TEXT --output F.png", Facts());
    }

    [Fact]
    public void A_run_without_a_checkpoint_begins_when_it_is_continued()
    {
        Metrics();
        Assert.Equal(["task: incompression", "model: org/model", "progress: 0 of 20 updates", "checkpoints: none", $"go on with it: rlcm train --resume {_run.Path}"], Facts());
    }

    [Fact]
    public void A_run_that_is_being_trained_says_by_whom()
    {
        using var taken = RunLock.Take(_run.Path);
        var facts = Facts().ToList();
        Assert.Contains($"in use by: process {Environment.ProcessId} on {Environment.MachineName}", facts);
        Assert.DoesNotContain(facts, fact => fact.StartsWith("go on", StringComparison.Ordinal));
    }

    [Fact]
    public void A_finished_run_is_not_to_be_continued()
    {
        Metrics(Update(20));
        Checkpoint(20);
        Assert.Contains(Facts(), fact => fact.StartsWith("go on", StringComparison.Ordinal)); // its report is missing
        File.WriteAllText(_run.Evaluation, "{}");
        Assert.DoesNotContain(Facts(), fact => fact.StartsWith("go on", StringComparison.Ordinal));
    }

    [Fact]
    public void A_finished_run_that_was_made_small_is_whole()
    {
        Metrics(Evaluation(0, 2.5), Update(20), Evaluation(20, 3));
        File.WriteAllText(_run.Evaluation, "{}");
        File.WriteAllText(_run.Comparison, "a picture");
        Directory.Delete(_run.Checkpoints);
        Directory.CreateDirectory(_run.Adapter);
        Assert.Equal(
            [
                "task: incompression", "model: org/model", "progress: 20 of 20 updates", "checkpoints: none, the finished run was made small",
                "mean reward: 2.5 at first, 3 after update 20", "best: 3 after update 20",
                $"draw with it: rlcm sample --model org/model --adapter {_run.Adapter} --prompt TEXT --output F.png",
            ],
            Facts());
        Assert.Empty(PathInspector.Inspect(_run.Path).Problems);
    }

    [Fact]
    public void What_is_saved_counts_and_a_damaged_checkpoint_is_a_problem()
    {
        Metrics(Update(1), Update(2), Update(3));
        Checkpoint(2);
        Assert.Contains("progress: 2 of 20 updates", Facts());
        Assert.Empty(PathInspector.Inspect(_run.Path).Problems);
        File.AppendAllText(Path.Combine(_run.Checkpoints, "000002", "state.json"), " ");
        Assert.Contains("state.json is damaged: ", Assert.Single(PathInspector.Inspect(_run.Path).Problems), StringComparison.Ordinal);
    }

    private void Checkpoint(int update) => new CheckpointStore(_run.Checkpoints).Save(
        update,
        new Dictionary<string, TorchSharp.torch.Tensor>(StringComparer.Ordinal),
        new TrainingState(update, 160, 1, 10, new PerPromptStatTracker(16, 16).Export(), new(new Dictionary<string, string>(), new Dictionary<string, string>(), new Dictionary<string, string>())),
        []);

    private IEnumerable<string> Facts()
    {
        var found = PathInspector.Inspect(_run.Path);
        Assert.Equal("training run", found.Title);
        return found.Facts.Select(fact => $"{fact.Name}: {fact.Value}");
    }

    private void Metrics(params string[] lines) => File.WriteAllLines(_run.Metrics, lines);

    private static string Update(int number) => $$"""
        {"update":{{number}},"queries":{{16 * number}},"seconds":1,"reward_mean":1,"reward_std":0,"advantage_mean":0,"loss":0,"ratio_mean":1,"clip_fraction":0,"approx_kl":0,"grad_norm":1,"learning_rate":0.1,"images_per_second":1,"reference_kl":0}
        """;

    private static string Evaluation(int update, double reward) => $$$"""
        {"evaluation":{"update":{{{update}}},"queries":0,"seconds":0,"images":64,"reward_mean":{{{reward.ToString(System.Globalization.CultureInfo.InvariantCulture)}}},"reward_std":0,"recognized_share":1,"recognized_samples":180,"is_best":true}}
        """;
}

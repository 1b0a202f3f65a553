using System.Globalization;
using System.Text.RegularExpressions;
using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>Ctrl-C, as a terminal sends it.</summary>
public sealed partial class InterruptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_stopped_run_leaves_a_usable_adapter_and_can_be_continued(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var model = TinyModels.Write(_folder["model"]);
        string[] small = ["imagesPerUpdate=64", "groupSize=4", "minibatches=1", "microBatch=64", "samplingBatch=64", "evaluateEvery=1000000", "checkpointEvery=1000000"];
        using var run = RlcmProcess.Start(["train", "--model", model, "--output", _folder["run"], "--updates", "1000000", "--threads", "1", .. small.SelectMany(value => (string[])["--set", value])]);
        await run.LineAsync("update 1/1000000 ");
        run.Signal(signal);
        var (code, output, error) = await run.EndAsync();

        Assert.Equal(0, code);
        Assert.Equal("Stopping as soon as the current step is done; Ctrl-C again quits at once.\n", error);
        var stopped = StoppedLine().Match(output[^1]);
        Assert.True(stopped.Success, output[^1]);
        var (done, folder) = (int.Parse(stopped.Groups["update"].Value, CultureInfo.InvariantCulture), RunFolder.Open(_folder["run"]));
        Assert.Equal((folder.Adapter, folder.Path), (stopped.Groups["adapter"].Value, stopped.Groups["run"].Value));
        Assert.Equal(Enumerable.Range(1, done), MetricsFile.Read(folder.Metrics).Updates.Select(line => line.Update));
        Assert.False(File.Exists(folder.Evaluation));
        await CommandLine.SucceedAsync("sample", "--model", model, "--adapter", folder.Adapter, "--prompt", "a cat", "--output", _folder["cat.png"]);
        Assert.Equal(16, PngFile.Read(_folder["cat.png"]).Width);

        var (resumed, lines, _) = await RlcmProcess.RunAsync("train", "--resume", folder.Path, "--updates", $"{done + 2}");
        Assert.Equal(0, resumed);
        Assert.Contains($"continuing after update {done}", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("untuned, ", StringComparison.Ordinal)); // that was measured before
        Assert.Equal([$"update {done + 1}/{done + 2}", $"update {done + 2}/{done + 2}"], lines.Where(line => line.StartsWith("update ", StringComparison.Ordinal)).Select(line => line.Split("  ")[0]));
        Assert.Equal(Enumerable.Range(1, done + 2), MetricsFile.Read(folder.Metrics).Updates.Select(line => line.Update));
        Assert.True(File.Exists(folder.Evaluation));
        Assert.Equal(done + 2, TrainConfigReader.Read(folder.Config, [], []).Updates);
    }

    [Fact]
    public async Task A_run_that_is_stopped_before_its_first_update_begins_when_it_is_continued()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var model = TinyModels.Write(_folder["model"]);
        string[] small = ["imagesPerUpdate=4", "groupSize=4", "minibatches=1", "microBatch=4", "samplingBatch=4", "originSteps=2", "horizon=2"];
        using var run = RlcmProcess.Start(["train", "--model", model, "--output", _folder["run"], "--updates", "1", .. small.SelectMany(value => (string[])["--set", value])]);
        await run.LineAsync("untuned, 1 step:");
        run.Interrupt();
        var (code, output, _) = await run.EndAsync();
        Assert.Equal((0, $"Stopped before the first update; 'rlcm train --resume {_folder["run"]}' goes on."), (code, output[^1]));

        var (resumed, lines, error) = await RlcmProcess.RunAsync("train", "--resume", _folder["run"]);
        Assert.Equal((0, string.Empty), (resumed, error));
        Assert.Contains(lines, line => line.StartsWith("update 1/1 ", StringComparison.Ordinal));

        (resumed, lines, error) = await RlcmProcess.RunAsync("train", "--resume", _folder["run"]);
        Assert.Equal((0, string.Empty), (resumed, error));
        Assert.Equal([$"The run {_folder["run"]} is finished, after update 1. Its adapter is {RunFolder.Open(_folder["run"]).Adapter}; --updates N continues it."], lines);
    }

    [Fact]
    public async Task The_start_up_check_is_stopped_between_its_batches()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var model = TinyModels.Write(_folder["model"]);
        string[] keys = ["imagesPerUpdate=4", "groupSize=4", "minibatches=1", "microBatch=4", "samplingBatch=4", "originSteps=2", "horizon=2"];
        string[] begin = ["train", "--model", model, "--output", _folder["run"], "--threads", "1", "--updates", "1", .. keys.SelectMany(value => (string[])["--set", value])];
        string[] large = ["--set", "imagesPerUpdate=20000", "--set", "samplingBatch=20000", "--set", "microBatch=20000", "--set", "groupSize=20000"]; // a check of a minute
        var stopped = await InterruptedAtItsPlan([.. begin, .. large]);
        Assert.Equal((130, "Stopped."), (stopped.Code, stopped.Error[^1]));
        Assert.DoesNotContain(stopped.Output, line => line.StartsWith("check ", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder["run"]));

        Assert.Equal(0, (await RlcmProcess.RunAsync(begin)).Code);
        stopped = await InterruptedAtItsPlan(["train", "--resume", _folder["run"], "--force", "--updates", "2", .. large]);
        Assert.Equal((0, $"Stopped after update 1. The adapter so far is {RunFolder.Open(_folder["run"]).Adapter}; 'rlcm train --resume {_folder["run"]}' continues."), (stopped.Code, stopped.Output[^1]));
        Assert.Equal(1, TrainConfigReader.ReadRun(RunFolder.Open(_folder["run"]).Config, [], []).Updates); // nothing was changed
    }

    [Fact]
    public async Task A_second_signal_ends_the_program_at_once_and_the_last_checkpoint_stands()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var model = TinyModels.Write(_folder["model"]);
        string[] keys = ["imagesPerUpdate=4", "groupSize=4", "minibatches=1", "microBatch=4", "samplingBatch=4", "checkpointEvery=1", "originSteps=2", "horizon=2"];
        string[] begin = ["train", "--model", model, "--output", _folder["run"], "--threads", "1", .. keys.SelectMany(value => (string[])["--set", value])];
        var (code, _, _) = await RlcmProcess.RunAsync([.. begin, "--updates", "1"]);
        Assert.Equal(0, code);
        string[] endless = ["train", "--resume", _folder["run"], "--force", "--updates", "1000000", "--set", "imagesPerUpdate=1000000", "--set", "evaluateEvery=1000000"]; // an update of hours
        using var run = RlcmProcess.Start(endless);
        await run.LineAsync("untuned, 2 steps:"); // measured anew, since something has changed; then the update begins
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        run.Interrupt();
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        run.Interrupt();
        (code, _, var error) = await run.EndAsync();
        Assert.Equal(128 + 2, code);
        Assert.EndsWith("Stopping as soon as the current step is done; Ctrl-C again quits at once.\n", error, StringComparison.Ordinal);
        using var checkpoint = new CheckpointStore(RunFolder.Open(_folder["run"]).Checkpoints).Latest();
        Assert.Equal(1, checkpoint!.Number);
    }

    private static async Task<(int Code, string[] Output, string[] Error)> InterruptedAtItsPlan(string[] arguments)
    {
        using var run = RlcmProcess.Start(arguments);
        await run.LineAsync("");
        run.Interrupt();
        var (code, output, error) = await run.EndAsync();
        return (code, output, error.TrimEnd().Split('\n'));
    }

    [GeneratedRegex("^Stopped after update (?<update>[0-9]+). The adapter so far is (?<adapter>.+); 'rlcm train --resume (?<run>.+)' continues.$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StoppedLine();
}

using System.Globalization;
using System.Text.RegularExpressions;
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

    [Fact]
    public async Task A_stopped_run_leaves_a_usable_adapter_and_can_be_continued()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var model = TinyModels.Write(_folder["model"]);
        string[] small = ["imagesPerUpdate=64", "groupSize=4", "minibatches=1", "microBatch=64", "samplingBatch=64", "evaluateEvery=1000000", "checkpointEvery=1000000"];
        using var run = RlcmProcess.Start(["train", "--model", model, "--output", _folder["run"], "--updates", "1000000", "--threads", "1", .. small.SelectMany(value => (string[])["--set", value])]);
        await run.LineAsync("update 1/1000000 ");
        run.Interrupt();
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
        Assert.Equal([$"update {done + 1}/{done + 2}", $"update {done + 2}/{done + 2}"], lines.Where(line => line.StartsWith("update ", StringComparison.Ordinal)).Select(line => line.Split("  ")[0]));
        Assert.Equal(Enumerable.Range(1, done + 2), MetricsFile.Read(folder.Metrics).Updates.Select(line => line.Update));
        Assert.True(File.Exists(folder.Evaluation));
        Assert.Equal(done + 2, TrainConfigReader.Read(folder.Config, [], []).Updates);
    }

    [GeneratedRegex("^Stopped after update (?<update>[0-9]+). The adapter so far is (?<adapter>.+); 'rlcm train --resume (?<run>.+)' continues.$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StoppedLine();
}

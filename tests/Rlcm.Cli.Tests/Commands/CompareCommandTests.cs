using System.Globalization;
using Rlcm.Imaging;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Spectre.Console.Testing;
using Xunit;
using static Rlcm.Tests.Comparison.WrittenRun;

namespace Rlcm.Cli.Tests.Commands;

/// <summary><c>rlcm compare</c>.</summary>
public sealed class CompareCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Runs_of_one_reward_share_a_chart_and_a_table()
    {
        var output = await CommandLine.SucceedAsync("compare", Small(), Other());
        Assert.StartsWith("compression (kB), mean of the evaluation pictures\n", output, StringComparison.Ordinal);
        Assert.Contains(" minutes of training", output, StringComparison.Ordinal);
        Assert.Matches(@"\n│ a │ small │ rlcm +│ -2\.500 │ -1\.500 │ -1\.750 │ \+0\.750 │ +4 │ +64 │ +2\.0 │ +1200 │ +50 % │\n", output);
        Assert.Matches(@"\n│ b │ other │ rlcm +│ -2\.500 │ -2\.250 │ -2\.250 │ \+0\.250 │ +2 │ +32 │ +1\.0 │ +600 │ +- │\n", output);
        var chart = output[..output.IndexOf('┌', StringComparison.Ordinal)].TrimEnd().Split('\n');
        Assert.All(chart, line => Assert.True(line.TrimEnd().Length <= 100, line));
    }

    [Theory]
    [InlineData("queries", "reward queries")]
    [InlineData("updates", "updates")]
    [InlineData("evaluations", "U-Net evaluations")]
    public async Task They_are_compared_by_what_was_asked_for(string by, string title) =>
        Assert.Contains($" {title}\n", string.Join('\n', (await CommandLine.SucceedAsync("compare", Small(), Other(), "--by", by)).Split('\n').Select(line => line.TrimEnd())), StringComparison.Ordinal);

    [Fact]
    public async Task Gains_begin_at_zero()
    {
        var lines = (await CommandLine.SucceedAsync("compare", Small(), "--gain")).Split('\n');
        Assert.Equal("gain in compression (kB), mean of the evaluation pictures", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("0.0 ┤a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Runs_of_different_rewards_have_charts_of_their_own()
    {
        var large = Write(_folder["large"], new() { Task = "incompression" }, Evaluated(0, 2.5), Update(1, 3), Evaluated(1, 3));
        var output = await CommandLine.SucceedAsync("compare", Small(), large, Other(), "--output", _folder["out"]);
        Assert.Equal(2, output.Split("mean of the evaluation pictures\n").Length - 1);
        Assert.Matches(@"\n│ b │ large │", output);
        Assert.Matches(@"\n│ c │ other │", output);
        Assert.Equal((450, 1600), Size("out/curves.png"));
    }

    [Fact]
    public async Task A_table_and_a_plot_are_saved()
    {
        var output = await CommandLine.SucceedAsync("compare", Small(), Other(), "--output", _folder["out"]);
        Assert.EndsWith($"Wrote curves.png and curves.csv to {_folder["out"]}.\n", output, StringComparison.Ordinal);
        Assert.Equal((450, 800), Size("out/curves.png"));
        Assert.Equal(
            [
                "run,task,algorithm,seed,kind,update,queries,seconds,sampling_evaluations,training_evaluations,reward_mean,reward_std,images,recognized_share",
                "small,compression,rlcm,3,evaluation,0,0,0,0,0,-2.5,0.25,64,1",
                "small,compression,rlcm,3,evaluation,2,32,60,400,200,-1.5,0.25,64,0.75",
                "small,compression,rlcm,3,evaluation,4,64,120,800,400,-1.75,0.25,64,0.5",
                "small,compression,rlcm,3,training,2,32,60,400,200,-1.25,0.5,64,",
                "small,compression,rlcm,3,training,4,64,120,800,400,-1.5,0.5,64,",
                "other,compression,rlcm,1,evaluation,0,0,0,0,0,-2.5,0.25,64,",
                "other,compression,rlcm,1,evaluation,2,32,60,400,200,-2.25,0.25,64,",
                "other,compression,rlcm,1,training,2,32,60,400,200,-2.25,0.5,64,",
            ],
            File.ReadAllLines(_folder["out/curves.csv"]));
        Assert.Equal(["curves.csv", "curves.png"], Directory.EnumerateFileSystemEntries(_folder["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_gain_and_another_axis_are_another_plot()
    {
        (string Name, string[] Options)[] plots = [("time", []), ("gain", ["--gain"]), ("queries", ["--by", "queries"])];
        foreach (var (name, options) in plots)
            await CommandLine.SucceedAsync(["compare", Small(), "--output", _folder[name], .. options]);
        Assert.Equal(plots.Length, plots.Select(plot => Convert.ToHexString(File.ReadAllBytes(_folder[$"{plot.Name}/curves.png"]))).Distinct().Count());
    }

    [Fact]
    public async Task In_a_terminal_the_chart_is_as_wide_as_it_is()
    {
        using var console = new TestConsole().Width(60);
        using var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, console);
        Assert.Equal(ExitCode.Success, await Application.RunAsync(["compare", Small()], terminal, CancellationToken.None));
        Assert.Equal(60, console.Lines.First(line => line.Contains('└', StringComparison.Ordinal)).Length);
    }

    [Fact]
    public async Task A_run_in_use_is_only_read()
    {
        using var taken = RunLock.Take(Small());
        Assert.Contains("│ a │ small │", await CommandLine.SucceedAsync("compare", Small()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_of_the_same_name_keep_their_parents() =>
        Assert.Contains("│ a │ x/run │", await CommandLine.SucceedAsync("compare", Small("x/run"), Small("y/run")), StringComparison.Ordinal);

    [Fact]
    public async Task Runs_that_were_evaluated_otherwise_are_warned_of()
    {
        var others = Write(_folder["others"], new() { EvaluationPrompts = "mine.txt" }, Evaluated(0, -2));
        var (code, _, error) = await CommandLine.RunAsync("compare", Small(), others);
        Assert.Equal(
            (ExitCode.Success, $"Warning: others and small were evaluated on other prompts, 64 pictures of mine.txt and 64 of {new TrainConfig().EvaluationPrompts}: their rewards compare by their gains at best.\n"),
            (code, error));
    }

    [Fact]
    public async Task Mistakes_are_one_sentence_and_leave_nothing()
    {
        var uncounted = Write(_folder["old"], new(), Evaluated(0, 1), Uncounted(1, 1), Evaluated(1, 1));
        var begun = Write(_folder["begun"], new());
        (string Message, string[] Arguments)[] mistakes =
        [
            ("There is nothing at ", [_folder["none"]]),
            ("The folder / holds no run, ", ["/"]),
            ($"{begun}/metrics.jsonl: expected an evaluation, of the untuned model at least, found none yet; wait for it, or leave the run out.", [begun]),
            ($"RUN: expected every run once, found {Small()} again; leave one out.", [Small(), Small() + "/"]),
            ("RUN: expected a run's folder, found an empty text; check the path.", [string.Empty]),
            ("RUN: expected at most 26 runs, one for each letter of the chart, found 27; leave some out.", [.. Enumerable.Range(0, 27).Select(number => number.ToString(CultureInfo.InvariantCulture))]),
            ("--by: expected one of time, queries, updates, evaluations, found tim; did you mean time?", [Small(), "--by", "tim"]),
            ($"--by evaluations: expected runs that counted the evaluations of the U-Net, found {uncounted}, which is of a version that did not; compare by something else, or leave the run out.", [Small(), uncounted, "--by", "evaluations"]),
            ($"The output {Small()}/config.json is a file, expected a folder; choose another --output.", [Small(), "--output", Small() + "/config.json"]),
        ];
        foreach (var (message, arguments) in mistakes)
            Assert.StartsWith(message, await CommandLine.RefusedAsync(["compare", .. arguments.Contains("--output") ? arguments : [.. arguments, "--output", _folder["out"]]]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    private string Small(string name = "small") => Directory.Exists(_folder[name]) ? _folder[name]
        : Write(_folder[name], new() { Seed = 3, ImagesPerUpdate = 64 }, Evaluated(0, -2.5), Update(2, -1.25), Evaluated(2, -1.5, 0.75), Update(4, -1.5), Evaluated(4, -1.75, 0.5));

    private string Other() => Write(_folder["other"], new() { Seed = 1, ImagesPerUpdate = 64 }, Evaluated(0, -2.5, null), Update(2, -2.25), Evaluated(2, -2.25, null));

    private (int Height, int Width) Size(string name)
    {
        var picture = PngFile.Read(_folder[name]);
        return (picture.Height, picture.Width);
    }
}

using System.CommandLine;
using Rlcm.Cli.Commands;
using Rlcm.Cli.Reproduction;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Reproduction;

/// <summary>The quick study with models of a few thousand weights, from its first run to its report.</summary>
public sealed class ReproduceCommandTests : IDisposable
{
    private const string SecondBegins = "compression-rlcm-2 (2 of 8): begins";

    private readonly TemporaryFolder _folder = new();
    private readonly StudyDefinition _toy;

    public ReproduceCommandTests()
    {
        var (consistency, diffusion) = (TinyModels.Write(_folder["lcm"]), TinyModels.Write(_folder["teacher"], SchedulerConfig.Ddim));
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        _toy = StudyDefinition.Quick with
        {
            Runs = [.. StudyDefinition.Quick.Runs.Select(run => run with { Sets = [.. run.Sets, .. run.Algorithm == "ddpo" ? (string[])[$"model={diffusion}", "gallery=null", "horizon=4"] : [$"model={consistency}"]] })],
            Scope = new(EvaluationScope.Full with { Animals = 1, OwnHorizonOnly = true }, [1, 4], [2, 4], RateRounds: 1, Samples: 1),
        };
    }

    private string[] Arguments =>
    [
        "reproduce", "--quick", "--output", _folder["study"],
        .. ((string[])["updates=2", "evaluateEvery=1", "imagesPerUpdate=8", "samplingBatch=8", "microBatch=2", "loraRank=2", "threads=0", $"evaluationPrompts={_folder["prompts.txt"]}"]).SelectMany(set => (string[])["--set", set]),
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_study_is_stopped_goes_on_and_ends_in_a_report()
    {
        using var stop = new CancellationTokenSource();
        var (code, output, error) = await RunAsync(Arguments, _toy, line =>
        {
            if (line.StartsWith(SecondBegins, StringComparison.Ordinal))
                stop.Cancel();
        }, stop.Token);
        Assert.Equal((ExitCode.Success, string.Empty), (code, error));
        Assert.EndsWith("Stopped; the same command goes on.\n", output, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["study/report.md"]));
        var first = Files("study/runs/compression-rlcm-1");
        Assert.Equal(
            ["adapter/adapter_config.json", "adapter/adapter_model.safetensors", "config.json", "evaluation-before.json", "evaluation.json", "images/comparison.png", "manifest.json", "metrics.jsonl"],
            first.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("compression", AdapterProvenance.Read(_folder["study/runs/compression-rlcm-1/adapter"]).Task);

        (code, output, error) = await RunAsync(Arguments);
        Assert.Equal((ExitCode.Success, string.Empty), (code, error));
        Assert.Contains("compression-rlcm-2 (2 of 8): ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("compression-rlcm-1 (1 of 8)", output, StringComparison.Ordinal);
        Assert.Equal(first, Files("study/runs/compression-rlcm-1"));
        Assert.All(_toy.Runs, run => Assert.True(FinishedRun.IsTrimmed(_folder[$"study/runs/{run.Name}"]), run.Name));
        Assert.Equal(["generalization", "inference", "plots", "rates.json", "report.md", "runs", "study.json"], Directory.GetFileSystemEntries(_folder["study"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        var report = await File.ReadAllTextAsync(_folder["study/report.md"], TestContext.Current.CancellationToken);
        Assert.DoesNotContain("Not measured yet", report, StringComparison.Ordinal);
        Assert.Contains("](plots/compression-minutes.png)", report, StringComparison.Ordinal);
        Assert.Contains("](runs/compression-rlcm-1/images/comparison.png)", report, StringComparison.Ordinal);
        Assert.Contains("| open |", report, StringComparison.Ordinal);
        Assert.DoesNotContain("**holds**", report, StringComparison.Ordinal); // nothing follows from the quick study
        Assert.All((string[])["rlcm", "ddpo"], AssertMeasuredAsEvaluated);

        var all = Files("study");
        (code, output, _) = await RunAsync(Arguments);
        Assert.Equal((ExitCode.Success, $"Report: {_folder["study/report.md"]}\n"), (code, output));
        Assert.Equal(all, Files("study"));
        (_, output, _) = await RunAsync([.. Arguments, "--list"]);
        Assert.Equal(8, output.Split('\n').Count(line => line.Contains("│ done", StringComparison.Ordinal)));
        Assert.Contains($"8 runs in {_folder["study"]}, ", output, StringComparison.Ordinal);

        (code, _, error) = await RunAsync([.. Arguments, "--set", "updates=3"]);
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith($"The folder {_folder["study"]} holds the study quick of version 2 with --set updates=2 ", error, StringComparison.Ordinal);
        (code, _, error) = await RunAsync(Arguments, runs: _toy with { Runs = [.. _toy.Runs.Select(run => run with { Sets = [.. run.Sets, "learningRate=0.5"] })] });
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith($"The run {_folder["study/runs/compression-rlcm-1"]} was made with learningRate 0.0005, expected 0.5 as the study now says; ", error, StringComparison.Ordinal);

        var metrics = _folder["study/runs/compression-rlcm-1/metrics.jsonl"];
        var lines = await File.ReadAllLinesAsync(metrics, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(metrics, lines[..^1], TestContext.Current.CancellationToken); // without the last evaluation
        (code, _, error) = await RunAsync(Arguments);
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith($"The run {_folder["study/runs/compression-rlcm-1"]} is finished, but its metrics.jsonl ends with the evaluation after update 1, expected 2; ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_another_process_is_at_is_passed_over_and_a_list_starts_nothing()
    {
        string[] arguments = [.. Arguments, "--part", "learning-rates"];
        var (_, output, _) = await RunAsync([.. arguments, "--list"]);
        Assert.Equal(2, output.Split('\n').Count(line => line.Contains("│ open", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(_folder["study"]));

        Directory.CreateDirectory(_folder["study"]);
        StudyFolder.Open(_folder["study"], new("quick", StudyDefinition.Version, [])).Begin(new("quick", StudyDefinition.Version, [.. Arguments.Where(text => text.Contains('=', StringComparison.Ordinal))]));
        Directory.CreateDirectory(_folder[$"study/locks/compression-{StudyDefinition.DdpoArm}-1"]);
        using (RunLock.Take(_folder[$"study/locks/compression-{StudyDefinition.DdpoArm}-1"]))
            (_, output, _) = await RunAsync(arguments);
        Assert.Contains($"compression-{StudyDefinition.DdpoArm}-1 (1 of 2): another process is at it\n", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder[$"study/runs/compression-{StudyDefinition.DdpoArm}-1"]));
        Assert.True(FinishedRun.IsTrimmed(_folder["study/runs/compression-ddpo-lr-1e-3-1"]));
    }

    [Fact]
    public async Task Models_are_measured_of_finished_runs_and_whoever_asks_for_that_alone_is_told()
    {
        var (code, output, _) = await RunAsync([.. Arguments, "--part", "inference"]);
        Assert.Equal((ExitCode.Success, $"inference: no run of main is finished yet; --part main,inference makes them first.\nReport: {_folder["study/report.md"]}\n"), (code, output));
    }

    [Fact]
    public async Task Rates_are_not_measured_beside_another_process()
    {
        StudyFolder.Open(_folder["study"], new("quick", StudyDefinition.Version, [])).Begin(new("quick", StudyDefinition.Version, [.. Arguments.Where(text => text.Contains('=', StringComparison.Ordinal))]));
        Directory.CreateDirectory(_folder["study/locks/models"]);
        string output;
        using (RunLock.Take(_folder["study/locks/models"]))
            (_, output, _) = await RunAsync([.. Arguments, "--part", "rates"]);
        Assert.StartsWith("rates: another process is at work, ", output, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["study/rates.json"]));
    }

    [Fact]
    public async Task A_damaged_study_is_not_to_be_removed()
    {
        Directory.CreateDirectory(_folder["study"]);
        await File.WriteAllTextAsync(_folder["study/study.json"], "{", TestContext.Current.CancellationToken);
        var (code, _, error) = await RunAsync(Arguments);
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith($"{_folder["study/study.json"]}:1: expected what rlcm wrote there, found something else (", error, StringComparison.Ordinal);
        Assert.EndsWith("; restore the file, or choose another --output.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_measured_of_a_run_is_forgotten_with_it_and_nothing_else_is()
    {
        var folder = StudyFolder.Open(_folder["study"], new("quick", StudyDefinition.Version, []));
        var run = StudyDefinition.Quick.Runs.First(run => run.Parts.Contains(StudyPart.Main));
        string[] names = [run.MeasuredName, (run with { Seed = 9 }).MeasuredName];
        foreach (var file in names.SelectMany(name => (string[])[folder.Measured(StudyPart.Inference, name), folder.Measured(StudyPart.Generalization, name)]))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "{}");
        }

        folder.Forget(run);
        folder.Forget(run); // nothing is there any more
        Assert.False(File.Exists(folder.Measured(StudyPart.Inference, run.MeasuredName)));
        Assert.True(File.Exists(folder.Measured(StudyPart.Inference, names[1])));
        Assert.True(File.Exists(folder.Measured(StudyPart.Generalization, run.MeasuredName))); // of another run of that seed
    }

    [Fact]
    public async Task No_run_is_begun_after_the_minutes()
    {
        var (code, output, _) = await RunAsync([.. Arguments, "--minutes", "1e-9"]);
        Assert.Equal((ExitCode.Success, $"Report: {_folder["study/report.md"]}\n"), (code, output));
        Assert.Contains("No run is finished yet.", await File.ReadAllTextAsync(_folder["study/report.md"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--part: expected one of rates, learning-rates, main, inference, horizon, generalization, ablations, found man; did you mean main?", "--part", "main,man")]
    [InlineData("--part: expected one of rates, learning-rates, main, inference, horizon, generalization, ablations, found .", "--part", "")]
    [InlineData("The output is an empty text, expected a file; choose another --report.", "--report", "")]
    [InlineData("--set seed: expected a key that all runs of a study can share, found one that makes each what it is; leave it out.", "--set", "seed=5")]
    [InlineData("--set learningRate: expected a key that all runs of a study can share, found one that makes each what it is; leave it out.", "--set", " learningRate =1e-3")]
    [InlineData("--set height: expected a key that all runs of a study can share, found one that makes each what it is; leave it out.", "--set", "height=128", "--set", "width=128")]
    [InlineData("--minutes: expected a number above 0, found 0.", "--minutes", "0")]
    [InlineData("--set updtes: unknown key updtes; did you mean updates?", "--set", "updtes=1")]
    public async Task Mistakes_are_told_before_anything_is_done(string message, params string[] mistake)
    {
        Assert.Equal(message, await CommandLine.RefusedAsync(["reproduce", "--quick", "--output", _folder["new"], .. mistake]));
        Assert.False(Directory.Exists(_folder["new"]));
    }

    [Fact]
    public async Task An_empty_output_is_refused() =>
        Assert.Equal("The output is an empty text, expected a folder; choose another --output.", await CommandLine.RefusedAsync("reproduce", "--quick", "--output", ""));

    [Fact]
    public async Task A_folder_of_something_else_is_no_study() =>
        Assert.StartsWith($"The output folder {_folder.Path} is not empty", await CommandLine.RefusedAsync("reproduce", "--output", _folder.Path), StringComparison.Ordinal);

    private Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, StudyDefinition? runs = null) => RunAsync(arguments, runs ?? _toy, _ => { }, CancellationToken.None);

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, StudyDefinition runs, Action<string> heard, CancellationToken stop)
    {
        using var output = new HeardWriter(heard) { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, error, Live: null);
        var root = new RootCommand { ReproduceCommand.Create(terminal, StudyDefinition.Full, runs) };
        var code = await Application.RunAsync(root, arguments, terminal, stop);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>At its own horizon an untuned model is measured with the pictures of the runs' evaluations.</summary>
    private void AssertMeasuredAsEvaluated(string algorithm)
    {
        var run = _toy.Runs.First(run => run.Algorithm == algorithm);
        var (_, evaluations) = MetricsFile.Read(_folder[$"study/runs/{run.Name}/metrics.jsonl"]);
        var measured = StrictJsonFile.Read<InferenceMeasures>(_folder[$"study/inference/compression-{algorithm}-untuned.json"]);
        Assert.Equal(evaluations[0].RewardMean, measured.BySteps.Single(step => step.Steps == run.Config([]).Horizon).Reward.Mean, 1e-9);
    }

    /// <summary>Every file below a folder with its content.</summary>
    private Dictionary<string, string> Files(string folder) => Directory.GetFiles(_folder[folder], "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(_folder[folder], path), path => $"{File.GetLastWriteTimeUtc(path):O} {FileHash.Sha256(path)}", StringComparer.Ordinal)
        .Where(file => !file.Key.StartsWith("plots", StringComparison.Ordinal) && file.Key != "report.md") // made again every time
        .ToDictionary(file => file.Key, file => file.Value, StringComparer.Ordinal);

    private sealed class HeardWriter(Action<string> heard) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            heard(value ?? string.Empty);
        }
    }
}

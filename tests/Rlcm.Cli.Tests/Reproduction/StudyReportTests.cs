using Rlcm.Cli.Reproduction;
using Rlcm.Imaging;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Reproduction;

public sealed class StudyReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_report_has_every_table_and_plot()
    {
        File.WriteAllText(_folder["discussion.md"], "What people say.\n");
        var text = Write(HandMadeStudy.Complete, _folder["report.md"]);
        Assert.Contains("| faster in time (compression) | DDPO's final reward in a sixth of its time (6.0x, from the curves) | compression 6.1x (seeds 6.1x, 6.1x) with 50 % recognized there, DDPO's 70 % | **holds** |", text, StringComparison.Ordinal);
        Assert.Contains("\nWhat people say.\n", text, StringComparison.Ordinal);
        Assert.Contains("| compression | RLCM | 2 | -3.00 [-3.00, -3.00] |", text, StringComparison.Ordinal);
        Assert.Contains($"| compression-{StudyDefinition.DdpoArm}-2 | 10 of 20 | patience | 640 | 3,200 | 3,200 | 0.320 | 99.0 |", text, StringComparison.Ordinal);
        Assert.Contains("By the clock, evaluations not counted, the longest took 3.30 minutes, and all of them 0.468 hours, ", text, StringComparison.Ordinal);
        Assert.Contains("| compression | default |  | 2 | +2.00 [+1.93, +2.06] | - | 50 % | +2.00 [+1.93, +2.06] | - |", text, StringComparison.Ordinal);
        Assert.Contains("| compression | once | `minibatches=1 innerEpochs=1` | 1 | +0.800 | -1.20 not clear | 50 % | +0.800 | -1.20 not clear |", text, StringComparison.Ordinal);
        Assert.Contains("| compression | `learningRate=4e-3` | -3.00 | +1.00 | budget | used |", text, StringComparison.Ordinal);
        Assert.Contains("|  | RLCM | DDPO |\n|---|---|---|\n| `algorithm` | rlcm | ddpo |\n", text, StringComparison.Ordinal);
        Assert.Contains("| `learningRate` | 0.0005 | 0.004 |\n", text, StringComparison.Ordinal);
        Assert.Contains("| `finalStep` | decoded | - |\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", text, StringComparison.Ordinal);
        Assert.DoesNotContain("their factors mean little", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Not measured yet", text, StringComparison.Ordinal);
        string[] plots = [.. Directory.GetFiles(_folder["plots"]).Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "compression-ablations", "compression-horizon-minutes", "compression-minutes", "compression-queries", "compression-recognized-seconds", "compression-recognized-steps",
                "compression-reward-seconds", "compression-reward-steps", "generalization",
            ],
            plots);
        Assert.All(plots, plot => Assert.Contains($"](plots/{plot}.png)", text, StringComparison.Ordinal));
        Assert.All(plots, plot => Assert.Equal((450, 800), (PngFile.Read(_folder[$"plots/{plot}.png"]).Height, PngFile.Read(_folder[$"plots/{plot}.png"]).Width)));
    }

    [Fact]
    public void There_is_no_verdict_where_anything_is_missing()
    {
        var all = HandMadeStudy.Complete;
        Assert.True(all.IsComplete);
        StudyResults[] missing =
        [
            new(all.Study, [.. all.Runs.Skip(1)], all.Rates, all.Inference, all.Generalization),
            new(all.Study, [all.Runs[0] with { Clock = null }, .. all.Runs.Skip(1)], all.Rates, all.Inference, all.Generalization),
            .. all.Inference.Select(left => new StudyResults(all.Study, all.Runs, all.Rates, [.. all.Inference.Where(model => model != left)], all.Generalization)),
            new(all.Study, all.Runs, all.Rates, all.Inference, []),
        ];
        Assert.DoesNotContain(missing, results => results.IsComplete);
        var text = Write(missing[1], _folder["report.md"]);
        Assert.Contains("**The study is not finished**", text, StringComparison.Ordinal);
        Assert.DoesNotContain("**holds**", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Arms_without_a_rate_are_named_beside_the_rates()
    {
        var text = Write(HandMadeStudy.Results([HandMadeStudy.Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), HandMadeStudy.Run("rlcm-once", 1, 1, -3, -2, -1) with { Clock = null }]), _folder["report.md"]);
        Assert.Contains("those of the clock and their factors mean little: compression-rlcm-once. ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_timed_to_a_gain_that_is_not_clear()
    {
        var text = Write(HandMadeStudy.Results([HandMadeStudy.Run(StudyDefinition.Rlcm, 1, 1, -3, -2, -1), HandMadeStudy.Run(StudyDefinition.DdpoArm, 1, 1, -5, -4, -5.5)]), _folder["report.md"]);
        Assert.Contains("| compression | RLCM | 100 % of DDPO's gain | n/a | n/a | - | n/a | n/a | - |", text, StringComparison.Ordinal);
        Assert.Contains("| compression | RLCM | 50 % of RLCM's gain | 0.107 | 0.107 | 1.0x | 640 | 640 | 1.0x |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_lead_from_where_the_report_is() =>
        Assert.Contains("](../plots/compression-minutes.png)", Write(HandMadeStudy.Complete, _folder["docs/reproduction.md"]), StringComparison.Ordinal);

    [Fact]
    public void What_is_not_measured_is_said_to_be_missing()
    {
        var text = Write(HandMadeStudy.Results([]), _folder["report.md"]);
        foreach (var part in StudyPart.All.Except([StudyPart.Rates]).Select(part => part == StudyPart.Inference ? "main,inference" : part))
            Assert.Contains($"Not measured yet; `rlcm reproduce --quick --output study --part {part}` does.", text, StringComparison.Ordinal);
        Assert.Contains("No run is finished yet.", text, StringComparison.Ordinal);
        Assert.Contains("| not measured |", text, StringComparison.Ordinal);
        Assert.Contains("**The study is not finished**: 0 of ", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["plots"]));
    }

    private string Write(StudyResults results, string path)
    {
        StudyReport.Write(new(results, StudyFolder.Open(_folder.Path, new("quick", StudyDefinition.Version, [])), [], path, ["reproduce", "--quick", "--output", "study"]));
        return File.ReadAllText(path);
    }
}

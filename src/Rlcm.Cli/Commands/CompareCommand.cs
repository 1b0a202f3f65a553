using System.CommandLine;
using Rlcm.Cli.Reporting;
using Rlcm.Comparison;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm compare</c>: the reward curves of several runs over each other.</summary>
internal static class CompareCommand
{
    private const int PlainWidth = 100; // of a chart in a pipe or a file

    private static readonly Dictionary<string, CurveAxis> Axes = new(StringComparer.Ordinal)
    {
        ["time"] = CurveAxis.Time,
        ["queries"] = CurveAxis.Queries,
        ["updates"] = CurveAxis.Updates,
        ["evaluations"] = CurveAxis.Evaluations,
    };

    public static Command Create(Terminal terminal)
    {
        var runs = new Argument<string[]>("RUN") { Description = "Folders of runs of rlcm train, finished or under way", Arity = ArgumentArity.OneOrMore };
        var by = new Option<string>("--by") { Description = "What they are compared by: time of training, pictures scored for training, updates, or evaluations of the U-Net", HelpName = string.Join('|', Axes.Keys), DefaultValueFactory = _ => "time" };
        var gain = new Option<bool>("--gain") { Description = "Draw each run from its own start" };
        var output = new Option<string?>("--output") { Description = "A new folder for curves.png and curves.csv", HelpName = "DIR" };
        var command = new DocumentedCommand(
            "compare",
            "Draws the rewards of several runs over each other: those of the evaluations, on fixed prompts and seeds. The runs are only read.",
            "rlcm compare runs/a runs/b",
            "rlcm compare runs/* --by queries --gain",
            "rlcm compare runs/a runs/b --output curves")
            { runs, by, gain, output };
        command.SetAction((arguments, _) =>
        {
            var axis = arguments.OneOf(by, Axes);
            var folder = arguments.GetValue(output);
            if (folder is not null)
                OutputPath.CheckFolder(folder);
            var comparisons = RunComparison.ByReward(Read(arguments.GetRequiredValue(runs), axis), axis, arguments.GetValue(gain));
            foreach (var comparison in comparisons)
                Print(terminal, comparison);
            if (folder is not null)
            {
                ComparisonFiles.Write(folder, comparisons);
                terminal.Output.WriteLine($"Wrote curves.png and curves.csv to {Path.GetFullPath(folder)}.");
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static RunCurve[] Read(string[] folders, CurveAxis axis)
    {
        if (folders.Contains(string.Empty))
            throw new UserErrorException("RUN: expected a run's folder, found an empty text; check the path.");
        if (folders.Length > ComparedRun.Letters)
            throw new UserErrorException($"RUN: expected at most {ComparedRun.Letters} runs, one for each letter of the chart, found {folders.Length}; leave some out.");
        var full = Array.ConvertAll(folders, folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        if (full.GroupBy(folder => folder, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } again)
            throw new UserErrorException($"RUN: expected every run once, found {again.Key} again; leave one out.");
        RunCurve[] curves = [.. full.Zip(ShortNames.Of(Array.ConvertAll(full, ShortNames.Parts)), RunCurve.Read)];
        if (curves.FirstOrDefault(curve => !curve.Has(axis)) is { } uncounted)
            throw new UserErrorException($"--by evaluations: expected runs that counted the evaluations of the U-Net, found {uncounted.Path}, which is of a version that did not; compare by something else, or leave the run out.");
        return curves;
    }

    private static void Print(Terminal terminal, RunComparison comparison)
    {
        terminal.Output.WriteLine(ComparisonText.Heading(comparison));
        terminal.Write(ComparisonText.Chart(comparison, terminal.Live?.Profile.Width ?? PlainWidth));
        terminal.Write(ComparisonText.Table(comparison));
        foreach (var warning in ComparisonText.Warnings(comparison))
            terminal.Error.WriteLine($"Warning: {warning}");
    }
}

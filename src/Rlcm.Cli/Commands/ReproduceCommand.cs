using System.CommandLine;
using System.CommandLine.Parsing;
using Rlcm.Cli.Reproduction;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary><c>rlcm reproduce</c>: the study of RLCM against DDPO, from its runs to its report.</summary>
internal sealed class ReproduceCommand
{
    private readonly Option<string> _output = new("--output") { Description = "Folder of the study, new or to go on with", HelpName = "DIR", DefaultValueFactory = _ => "runs/reproduction" };
    private readonly Option<bool> _quick = new("--quick") { Description = "The same plots from a small study: eight minutes on two idle cores" };
    private readonly Option<string[]> _parts = new("--part") { Description = $"Only these parts, separated by commas: {string.Join(", ", StudyPart.All)}", HelpName = "PART,...", AllowMultipleArgumentsPerToken = true, CustomParser = Split };
    private readonly Option<bool> _list = new("--list") { Description = "List the runs, how far they are and how long they will take; start nothing" };
    private readonly Option<double?> _minutes = new("--minutes") { Description = "Begin no run after so many minutes; a later start goes on", HelpName = "M" };
    private readonly Option<string> _report = new("--report") { Description = "The report [default: report.md in the study's folder]", HelpName = "FILE" };
    private readonly SetOption _set = new("Any key of a configuration, changed in all runs of the study; may be repeated");

    // With an adapter to be kept, and as its model is measured, beside the keys in which runs differ.
    private static readonly string[] FixedKeys = ["algorithm", "seed", "task", "trainedWeights", "grid", "originSteps", "height", "width"];
    private static readonly string[] FreeKeys = ["samplingBatch", "microBatch"]; // which change nothing but time and memory

    private readonly IReadOnlyList<StudyDefinition> _studies; // full, quick

    private ReproduceCommand(StudyDefinition full, StudyDefinition quick) => _studies = [full, quick];

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal) => Create(terminal, StudyDefinition.Full, StudyDefinition.Quick);

    /// <summary>The command for other studies.</summary>
    internal static Command Create(Terminal terminal, StudyDefinition full, StudyDefinition quick)
    {
        var options = new ReproduceCommand(full, quick);
        var command = new DocumentedCommand(
            "reproduce",
            "Makes the study of RLCM against DDPO on the embedded models: trains every run, measures, and writes a report with tables and plots. "
            + "What is finished is kept: starting it again goes on, and two processes may work on one study.",
            "rlcm reproduce --list --output docs/reproduction",
            "rlcm reproduce --quick --output runs/study",
            "rlcm reproduce --part main,inference --minutes 60",
            "rlcm reproduce --output docs/reproduction --report docs/reproduction.md");
        foreach (var option in (IEnumerable<Option>)[options._output, options._quick, options._parts, options._list, options._minutes, options._report, options._set])
            command.Add(option);
        command.SetAction((arguments, stop) =>
        {
            string[] commandLine = [.. arguments.Tokens.Select(token => token.Value)];
            return Task.FromResult(options.Run(arguments, terminal, commandLine, TimeProvider.System, stop));
        });
        return command;
    }

    private int Run(ParseResult arguments, Terminal terminal, IReadOnlyList<string> commandLine, TimeProvider time, CancellationToken stop)
    {
        var study = _studies[arguments.GetValue(_quick) ? 1 : 0];
        var changes = _set.Assignments(arguments);
        var parts = arguments.GetValue(_parts) is { Length: > 0 } given ? given : StudyPart.All;
        foreach (var part in parts)
            OptionChecks.RequireOneOf(_parts, part, StudyPart.All);
        var minutes = arguments.Checked(_minutes, number => number > 0, "a number above 0");
        foreach (var run in study.Runs)
            run.Config(changes); // every mistake before any work
        if (changes.Select(change => change.Split('=')[0].Trim()).FirstOrDefault(KeysOfRuns(study).Contains) is { } key)
            throw new UserErrorException($"--set {key}: expected a key that all runs of a study can share, found one that makes each what it is; leave it out.");
        var identity = new StudyIdentity(study.Name, StudyDefinition.Version, changes);
        var folder = StudyFolder.Open(arguments.GetRequiredValue(_output), identity);
        foreach (var run in study.Runs)
            folder.RequireAsDefined(run, changes);

        var list = new StudyList(study, folder, changes);
        if (arguments.GetValue(_list))
        {
            list.Write(terminal, parts.ToHashSet(StringComparer.Ordinal));
            return ExitCode.Success;
        }

        var report = arguments.GetValue(_report) ?? folder.Report;
        OutputPath.CheckFile(report, _report.Name);
        folder.Begin(identity);
        var begun = time.GetTimestamp();
        bool IsTimeLeft() => minutes is not { } limit || time.GetElapsedTime(begun) < TimeSpan.FromMinutes(limit);
        return new Study(study, folder, changes, terminal, commandLine, WholeCommand(arguments, changes), time).Run(parts.ToHashSet(StringComparer.Ordinal), report, IsTimeLeft, stop);
    }

    /// <summary>What makes a run the one that its name says.</summary>
    private static HashSet<string> KeysOfRuns(StudyDefinition study) =>
    [
        .. FixedKeys,
        .. study.Runs.SelectMany(run => TrainConfigReader.ToSettings(run.Config([]))).GroupBy(setting => setting.Key, setting => setting.Value, StringComparer.Ordinal)
            .Where(key => key.Distinct(StringComparer.Ordinal).Skip(1).Any()).Select(key => key.Key).Except(FreeKeys),
    ];

    /// <summary>The arguments without those that leave a part of the study out.</summary>
    private string[] WholeCommand(ParseResult arguments, IReadOnlyList<string> changes) =>
    [
        "reproduce", .. arguments.GetValue(_quick) ? (string[])[_quick.Name] : [], _output.Name, arguments.GetRequiredValue(_output),
        .. arguments.GetValue(_report) is { } report ? (string[])[_report.Name, report] : [], .. changes.SelectMany(change => (string[])[_set.Name, change]),
    ];

    private static string[] Split(ArgumentResult result) =>
        [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)).Distinct(StringComparer.Ordinal)];
}

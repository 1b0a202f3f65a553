using System.Globalization;
using Rlcm.Cli.Commands;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>Makes the runs of a study one after the other; what is finished, or another process is at, is passed over.</summary>
/// <param name="study">The study.</param>
/// <param name="folder">Its folder.</param>
/// <param name="changes">What is changed in all runs.</param>
/// <param name="terminal">Where to report.</param>
/// <param name="commandLine">The program's arguments, for the manifests.</param>
/// <param name="time">The clock.</param>
internal sealed class StudyRunner(
    StudyDefinition study, StudyFolder folder, IReadOnlyList<string> changes, Terminal terminal, IReadOnlyList<string> commandLine, TimeProvider time)
{
    private readonly List<string> _failed = [];
    private bool _isDiskFailing; // every other run would fail, too

    /// <summary>The runs that failed, which a later start tries again.</summary>
    public IReadOnlyList<string> Failed => _failed;

    /// <summary>Makes those runs of <paramref name="parts"/> that are not finished.</summary>
    /// <param name="parts">Names of parts.</param>
    /// <param name="isTimeLeft">Asked before a run is begun.</param>
    /// <param name="stop">Stops after the current update.</param>
    public void Run(IReadOnlySet<string> parts, Func<bool> isTimeLeft, CancellationToken stop)
    {
        StudyRun[] runs = [.. study.Runs.Where(run => run.Parts.Any(parts.Contains))];
        foreach (var (index, run) in runs.Index())
        {
            if (folder.State(run.Name) == RunState.Done)
                continue;
            if (stop.IsCancellationRequested || !isTimeLeft() || _isDiskFailing)
                break;
            Try(run, $"{run.Name} ({index + 1} of {runs.Length})", stop);
        }
    }

    private void Try(StudyRun run, string title, CancellationToken stop)
    {
        using var taken = folder.TryTake(run.Name);
        if (taken is null || RunLock.HolderOf(folder.Run(run.Name)) is not null)
        {
            Say($"{title}: another process is at it");
            return;
        }

        if (folder.State(run.Name) == RunState.Done)
            return; // meanwhile, by another process
        try
        {
            Make(run, title, stop);
        }
        catch (UserErrorException error)
        {
            _failed.Add(run.Name);
            terminal.Error.WriteLine($"{run.Name}: {error.Message}");
            _isDiskFailing = error is DiskFailureException;
            if (_isDiskFailing)
                terminal.Error.WriteLine("No other run is begun.");
        }
    }

    private void Make(StudyRun run, string title, CancellationToken stop)
    {
        var (path, config) = (folder.Run(run.Name), run.Config(changes));
        if (!FinishedRun.IsFinished(path))
        {
            var isBegun = folder.State(run.Name) == RunState.UnderWay;
            Say($"{title}: {(isBegun ? "goes on" : "begins")}, {config.Updates} updates of {config.ImagesPerUpdate} pictures");
            if (!isBegun)
                folder.Forget(run);
            var begun = time.GetTimestamp();
            TrainRun.Run(new(config, path, isBegun ? new ResumeRequest { Otherwise = "remove its folder, so that it is made again" } : null, Quiet: true)
            {
                Reporter = new StudyProgress(terminal, time, run.Name, config),
                Scope = study.Scope.Evaluation,
                Continuation = "the same command",
            }, terminal, commandLine, time, stop);
            if (!FinishedRun.IsFinished(path))
            {
                Say($"{title}: stopped, a later start continues");
                return;
            }

            Say($"{title}: finished after {time.GetElapsedTime(begun).TotalMinutes.ToString("0.0", CultureInfo.InvariantCulture)} min");
        }

        FinishedRun.Trim(path);
    }

    private void Say(string line)
    {
        terminal.Output.WriteLine(line);
        terminal.Output.Flush();
    }
}

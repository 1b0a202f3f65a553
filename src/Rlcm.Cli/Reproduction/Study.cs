using Rlcm.Runtime;

namespace Rlcm.Cli.Reproduction;

/// <summary>The whole of a study: rates, runs, measurements, report.</summary>
/// <param name="study">What it consists of.</param>
/// <param name="folder">Its folder.</param>
/// <param name="changes">What is changed in all runs.</param>
/// <param name="terminal">Where to report.</param>
/// <param name="commandLine">The program's arguments.</param>
/// <param name="wholeCommand">Those that make the whole study here, for the report.</param>
/// <param name="time">The clock.</param>
internal sealed class Study(
    StudyDefinition study, StudyFolder folder, IReadOnlyList<string> changes, Terminal terminal, IReadOnlyList<string> commandLine, IReadOnlyList<string> wholeCommand, TimeProvider time)
{
    private const string RatesLock = "rates";
    private const string ModelsLock = "models";

    /// <summary>Does what is left of <paramref name="parts"/>, as far as time allows, and writes the report.</summary>
    /// <param name="parts">Names of parts.</param>
    /// <param name="report">The file of the report.</param>
    /// <param name="isTimeLeft">Asked before a run or a measurement is begun.</param>
    /// <param name="stop">Stops after the current update.</param>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlySet<string> parts, string report, Func<bool> isTimeLeft, CancellationToken stop)
    {
        var runner = new StudyRunner(study, folder, changes, terminal, commandLine, time);
        try
        {
            MeasureRates(parts, isTimeLeft, stop);
            runner.Run(parts, isTimeLeft, stop);
            stop.ThrowIfCancellationRequested();
            MeasureRates(parts, isTimeLeft, stop);
            if (!IsMissingRates(parts))
                MeasureModels(parts, isTimeLeft, stop);
            stop.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            terminal.Output.WriteLine("Stopped; the same command goes on.");
            return ExitCode.Success;
        }

        WriteReport(report);
        folder.CleanUp([RatesLock, ModelsLock, .. study.Runs.Select(run => run.Name)]);
        if (runner.Failed.Count == 0)
            return ExitCode.Success;
        terminal.Error.WriteLine($"{runner.Failed.Count} runs failed: {string.Join(", ", runner.Failed)}; the same command tries them again.");
        return ExitCode.UserError;
    }

    private bool IsMissingRates(IReadOnlySet<string> parts) => parts.Contains(StudyPart.Rates) && !File.Exists(folder.Rates);

    /// <summary>Only while no other process is at work, which would slow some arms more than others.</summary>
    private void MeasureRates(IReadOnlySet<string> parts, Func<bool> isTimeLeft, CancellationToken stop)
    {
        AwaitRates(stop);
        if (!IsMissingRates(parts) || !isTimeLeft())
            return;
        if (folder.IsTaken(ModelsLock) || study.Runs.Any(run => folder.IsTaken(run.Name)))
        {
            terminal.Output.WriteLine("rates: another process is at work, which would slow some arms more than others; whoever ends last measures them, or a later start.");
            return;
        }

        using var taken = folder.TryTake(RatesLock);
        if (taken is null)
            AwaitRates(stop); // another process was faster
        if (taken is null || File.Exists(folder.Rates))
            return;
        terminal.Output.WriteLine("rates: the update of every arm by turns");
        StrictJsonFile.Write(folder.Rates, RateMeasurement.Measure(study, changes, terminal, commandLine, stop));
    }

    /// <summary>Runs of this process would disturb the measurement of another.</summary>
    private void AwaitRates(CancellationToken stop)
    {
        if (!File.Exists(folder.Rates) && folder.IsTaken(RatesLock))
            terminal.Output.WriteLine("rates: waiting for the process that measures");
        while (!File.Exists(folder.Rates) && folder.IsTaken(RatesLock))
        {
            stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            stop.ThrowIfCancellationRequested();
        }
    }

    private void MeasureModels(IReadOnlySet<string> parts, Func<bool> isTimeLeft, CancellationToken stop)
    {
        using var taken = folder.TryTake(ModelsLock);
        if (taken is null)
        {
            terminal.Output.WriteLine("Another process measures the models; a later start writes what it leaves.");
            return;
        }

        if (!parts.Contains(StudyPart.Main) && parts.Contains(StudyPart.Inference) && !study.Runs.Any(run => run.Parts.Contains(StudyPart.Main) && folder.State(run.Name) == RunState.Done))
            terminal.Output.WriteLine($"{StudyPart.Inference}: no run of {StudyPart.Main} is finished yet; --part {StudyPart.Main},{StudyPart.Inference} makes them first.");
        var measurements = new StudyMeasurements(study, folder, changes, terminal);
        if (parts.Contains(StudyPart.Inference))
            measurements.MeasureInference(isTimeLeft, stop);
        if (parts.Contains(StudyPart.Generalization))
            measurements.MeasureGeneralization(isTimeLeft, stop);
    }

    private void WriteReport(string report)
    {
        StudyReport.Write(new(StudyResults.Read(study, folder, changes), folder, changes, report, wholeCommand));
        terminal.Output.WriteLine($"Report: {Path.GetFullPath(report)}");
    }
}

using Rlcm.Checkpoints;
using Rlcm.Cli.Imaging;
using Rlcm.Cli.Plots;
using Rlcm.Cli.Reporting;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>A training run as a person sees it: what the library does, and the files for people around it.</summary>
internal static class TrainRun
{
    /// <summary>Trains as <paramref name="request"/> says, until done or until <paramref name="stop"/>.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="terminal">Where to report.</param>
    /// <param name="commandLine">The program's arguments, for the manifest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Stops after the current update.</param>
    public static void Run(TrainRequest request, Terminal terminal, IReadOnlyList<string> commandLine, TimeProvider time, CancellationToken stop)
    {
        var run = request.Resume is { } resume ? TrainingRun.Continue(request.Output, request.Config, resume, commandLine, time) : null;
        try
        {
            if (run is not null && IsFinished(run, request.Config))
            {
                var result = TrainingResult.Of(run.Folder, request.Config);
                if (!request.Quiet)
                    terminal.Output.WriteLine($"The run {request.Output} is finished, after update {run.Checkpoint?.Number}. Its {result.Kind} is {result.Path}; {(run.Checkpoint?.Number < request.Config.Updates ? "--set patience=null" : "--updates N")} continues it.");
                return;
            }

            if (run?.GivenUp is { } givenUp)
                terminal.Error.WriteLine(givenUp);
            TrainingOutcome? outcome;
            using (var reporter = TrainReporter.Create(terminal, request))
            {
                reporter.Start();
                if (!request.Quiet && NativeTorch.Preparation is { } preparation)
                    terminal.Output.WriteLine(preparation);
                using var session = new TrainingSession(request.Config, retried: reporter, scope: request.Scope);
                try
                {
                    session.Check(reporter, stop);
                    run ??= TrainingRun.Begin(request.Output, request.Config, commandLine, time);
                    if (!request.Quiet)
                        terminal.Output.WriteLine(run.Checkpoint is { } checkpoint ? $"continuing after update {checkpoint.Number}" : "drawing with the untuned model, to compare with later");
                    outcome = session.Run(run, new(reporter, reporter, reporter), time, stop);
                }
                catch (OperationCanceledException) when (run is not null && stop.IsCancellationRequested)
                {
                    outcome = null; // before an update
                }
            }

            Finish(terminal, request, run.Folder, outcome);
        }
        catch (Exception error) when (run is not null && error is (IOException or UnauthorizedAccessException))
        {
            throw DiskFailure.OfRun(error, run!.Folder.Path, Continuation(request, run.Folder));
        }
        finally
        {
            run?.Dispose();
        }
    }

    private static string Continuation(TrainRequest request, RunFolder folder) => request.Continuation ?? $"'rlcm train --resume {folder.Path}'";

    /// <summary>Whether nothing is left to do; where an earlier checkpoint was asked for, what lies there may still be that of a later one.</summary>
    private static bool IsFinished(TrainingRun run, TrainConfig config) =>
        (run.Checkpoint?.Number >= config.Updates || HasEnded(run, config)) && File.Exists(run.Folder.Evaluation) && File.Exists(run.Folder.Comparison)
        && AdapterProvenance.TryRead(TrainingResult.Of(run.Folder, config).Path)?.Updates == run.Checkpoint?.Number;

    /// <summary>By the evaluations until its checkpoint, which may be an earlier one that was asked for.</summary>
    private static bool HasEnded(TrainingRun run, TrainConfig config) => File.Exists(run.Folder.Metrics)
        && Plateau.IsReached([.. MetricsFile.Read(run.Folder.Metrics).Evaluations.Where(line => line.Update <= run.Checkpoint?.Number)], config.Patience);

    private static void Finish(Terminal terminal, TrainRequest request, RunFolder folder, TrainingOutcome? outcome)
    {
        var (updates, evaluations) = File.Exists(folder.Metrics) ? MetricsFile.Read(folder.Metrics) : ([], []);
        if (updates.Count > 0)
            RewardCurve.Write(Path.Combine(folder.Plots, "reward.png"), $"{request.Config.Task}, {request.Config.ImagesPerUpdate} images an update", "mean reward", updates, evaluations);
        if (outcome is not null)
            WriteComparison(folder.Comparison, outcome);
        if (!request.Quiet)
            Summarize(terminal, folder, outcome, updates, request);
    }

    private static void WriteComparison(string path, TrainingOutcome outcome)
    {
        var captions = outcome.Prompts.Select((prompt, index) => new ComparisonCaption(prompt, outcome.Before.Rewards[index], outcome.After.Rewards[index]));
        var title = $"{outcome.Report.Task}: before (left) and after (right)";
        PngFile.Write(path, ComparisonSheet.Compose(title, outcome.Before.Images, outcome.After.Images, [.. captions], outcome.Report.Unit));
    }

    private static void Summarize(Terminal terminal, RunFolder folder, TrainingOutcome? outcome, IReadOnlyList<UpdateMetrics> updates, TrainRequest request)
    {
        var (output, config) = (terminal.Output, request.Config);
        var result = TrainingResult.Of(folder, config);
        if (outcome is null)
        {
            var (done, goOn) = (new CheckpointStore(folder.Checkpoints).Newest ?? 0, Continuation(request, folder));
            var isSaved = AdapterProvenance.TryRead(result.Path)?.Updates == done; // not where an earlier process was killed after it
            output.WriteLine(done == 0 ? $"Stopped before the first update; {goOn} goes on."
                : done < config.Updates ? $"Stopped after update {done}.{(isSaved ? $" The {result.Kind} so far is {result.Path};" : "")} {goOn} continues."
                : $"Stopped after the last update.{(isSaved ? $" The {result.Kind} is {result.Path}." : "")} Only the report is missing, {goOn} makes it.");
            return;
        }

        terminal.Write(TrainSummary.Table(outcome));
        if (TrainSummary.End(updates[^1].Update, config) is { } end)
            output.WriteLine(end);
        output.WriteLine(TrainSummary.Reward(outcome));
        foreach (var part in TrainSummary.Parts(outcome))
            output.WriteLine(part);
        if (RewardTrend.Of(updates) is { } trend)
            output.WriteLine(TrainSummary.Trend(trend));
        output.WriteLine($"{(result.Path == folder.Model ? "Model" : "Adapter")}: {result.Path}");
        output.WriteLine($"Pictures: {folder.Comparison}");
    }
}

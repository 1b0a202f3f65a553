using Rlcm.Cli.Imaging;
using Rlcm.Cli.Plots;
using Rlcm.Cli.Reporting;
using Rlcm.Imaging;
using Rlcm.Models;
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
        TrainingOutcome? outcome;
        RunFolder folder;
        using (var reporter = TrainReporter.Create(terminal, request))
        {
            reporter.Start();
            if (!request.Quiet && NativeTorch.Preparation is { } preparation)
                terminal.Output.WriteLine(preparation);
            using var session = new TrainingSession(request.Config);
            session.Check(reporter);
            folder = request.Resume ? RunFolder.Open(request.Output) : Begin(request, session.ModelFolder, commandLine, time);
            if (request.Resume && session.BaseMismatch(folder) is { } finding)
                terminal.Error.WriteLine(finding);
            TrainConfigReader.Write(request.Config, folder.Config); // of a continued run, what was changed: it is continued again without a word
            if (!request.Quiet)
                terminal.Output.WriteLine("drawing with the untuned model, to compare with later");
            outcome = session.Run(folder, request.Resume, new(reporter, reporter, reporter), time, stop);
        }

        var (updates, evaluations) = MetricsFile.Read(folder.Metrics);
        if (updates.Count > 0)
            RewardCurve.Write(Path.Combine(folder.Plots, "reward.png"), $"{request.Config.Task}, {request.Config.ImagesPerUpdate} images an update", "mean reward", updates, evaluations);
        if (outcome is not null)
            WriteComparison(Path.Combine(folder.Images, "comparison.png"), outcome);
        if (!request.Quiet)
            Summarize(terminal, folder, outcome, updates);
    }

    private static RunFolder Begin(TrainRequest request, string modelFolder, IReadOnlyList<string> commandLine, TimeProvider time)
    {
        var folder = RunFolder.Create(request.Output);
        string[] files =
        [
            .. ModelFolder.Open(modelFolder).WeightFiles(),
            .. request.Config.LcmLora is { } lcmLora ? [ShippedFiles.Require(lcmLora, "lcmLora")] : Array.Empty<string>(),
            ShippedFiles.Require(request.Config.Prompts, "prompts"),
            ShippedFiles.Require(request.Config.EvaluationPrompts, "evaluationPrompts"),
        ];
        RunManifest.Gather(files, request.Config.Seed, commandLine, time).Write(folder.Manifest);
        return folder;
    }

    private static void WriteComparison(string path, TrainingOutcome outcome)
    {
        var captions = outcome.Prompts.Select((prompt, index) => new ComparisonCaption(prompt, outcome.Before.Rewards[index], outcome.After.Rewards[index]));
        var title = $"{outcome.Report.Task}: before (left) and after (right)";
        PngFile.Write(path, ComparisonSheet.Compose(title, outcome.Before.Images, outcome.After.Images, [.. captions], outcome.Report.Unit));
    }

    private static void Summarize(Terminal terminal, RunFolder folder, TrainingOutcome? outcome, IReadOnlyList<UpdateMetrics> updates)
    {
        var output = terminal.Output;
        if (outcome is null)
        {
            output.WriteLine($"Stopped after update {(updates.Count > 0 ? updates[^1].Update : 0)}. The adapter so far is {folder.Adapter}; 'rlcm train --resume {folder.Path}' continues.");
            return;
        }

        terminal.Write(TrainSummary.Table(outcome));
        output.WriteLine(TrainSummary.Reward(outcome));
        if (RewardTrend.Of(updates) is { } trend)
            output.WriteLine(TrainSummary.Trend(trend));
        output.WriteLine($"Adapter: {folder.Adapter}");
        output.WriteLine($"Pictures: {Path.Combine(folder.Images, "comparison.png")}");
    }
}

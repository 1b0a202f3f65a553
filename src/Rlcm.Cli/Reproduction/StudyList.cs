using System.Globalization;
using Rlcm.Evaluation;
using Rlcm.Prompts;
using Rlcm.Runtime;
using Rlcm.Training;
using Spectre.Console;

namespace Rlcm.Cli.Reproduction;

/// <summary>Tells how far a study is and how long the rest will take.</summary>
/// <param name="study">The study.</param>
/// <param name="folder">Its folder.</param>
/// <param name="changes">What is changed in all runs.</param>
internal sealed class StudyList(StudyDefinition study, StudyFolder folder, IReadOnlyList<string> changes)
{
    /// <summary>Prints the runs of <paramref name="parts"/>.</summary>
    public void Write(Terminal terminal, IReadOnlySet<string> parts)
    {
        var rates = StudyRates.Find(folder);
        var table = new Table().AddColumns("run", "parts", "state", "minutes, predicted");
        var (all, left) = (0.0, 0.0);
        StudyRun[] runs = [.. study.Runs.Where(run => run.Parts.Any(parts.Contains))];
        foreach (var run in runs)
        {
            var (state, minutes) = (folder.State(run.Name), rates?.Arms.GetValueOrDefault(run.Key) is { } rate ? Minutes(run.Config(changes), study.Scope.Evaluation, rate) : 0);
            all += minutes;
            left += state == RunState.Done ? 0 : minutes;
            table.AddRow(run.Name, string.Join(", ", run.Parts), Describe(run, state), rates is null ? "-" : Text(minutes));
        }

        terminal.Write(table);
        terminal.Output.WriteLine(rates is null
            ? $"{runs.Length} runs in {folder.FullPath}. How long they will take is known once the rates are measured: --part {StudyPart.Rates}."
            : $"{runs.Length} runs in {folder.FullPath}, {Text(all)} minutes with their whole budgets and evaluations, and {Text(left)} of those that are not done, by the rates measured on {rates.Processor}; measurements of the models come on top.");
    }

    /// <summary>How long a run takes: its training, and the pictures of its evaluations and reports; recognizing them is left out.</summary>
    internal static double Minutes(TrainConfig config, EvaluationScope scope, ArmRate rate)
    {
        var drawing = rate.SecondsPerForward * config.Horizon * (config.Algorithm == TrainAlgorithm.Ddpo && config.GuidanceScale != 1 ? 2 : 1);
        var trained = (double)config.Updates * config.ImagesPerUpdate;
        var prompts = PromptFile.Read(ShippedFiles.Require(config.EvaluationPrompts, "evaluationPrompts")).Count;
        var animals = config.Gallery is not null || config.Algorithm == TrainAlgorithm.Rlcm ? scope.Prompts.Count : 0;
        var evaluations = 1 + (config.Updates + config.EvaluateEvery - 1) / config.EvaluateEvery;
        var reports = 2.0 * (scope.ReportSeeds * animals + (scope.OwnHorizonOnly ? 0 : scope.ReportSeeds * animals + 2 * prompts)); // all horizons take about twice the own one's time
        return (trained * rate.SecondsPerPicture + (evaluations * (prompts + scope.EvaluationSeeds * animals) + reports) * drawing) / 60;
    }

    private string Describe(StudyRun run, RunState state) => state switch
    {
        RunState.Done => "done",
        RunState.UnderWay => folder.IsTaken(run.Name) ? "under way" : "begun",
        _ => "open",
    };

    private static string Text(double minutes) => minutes.ToString("0.0", CultureInfo.InvariantCulture);
}

using System.Globalization;
using Rlcm.Cli.Commands;
using Rlcm.Evaluation;
using Rlcm.Training;

namespace Rlcm.Cli.Reporting;

/// <summary>The words that both reporters use.</summary>
internal static class TrainText
{
    /// <summary>What is about to be done, with the arithmetic of its batches.</summary>
    public static IReadOnlyList<string> Plan(TrainRequest request)
    {
        var (config, batches) = (request.Config, BatchArithmetic.Of(request.Config));
        var prompts = config.Advantage == AdvantageKind.Grouped
            ? $"{Count(batches.PromptsPerUpdate, "prompt", "prompts")} x {config.GroupSize}"
            : "a prompt drawn for each";
        return
        [
            $"task {config.Task}{Sum(config.Rewards)}, model {config.Model}, prompts {config.Prompts}, seed {config.Seed}",
            $"an update: {config.ImagesPerUpdate} images ({prompts}), {batches.ScoredSteps} of their {config.Horizon} steps trained",
            $"  sampled in {Count(batches.SamplingBatches, "batch", "batches")} of {config.SamplingBatch}; "
                + $"{Count(config.InnerEpochs * config.Minibatches, "optimizer step", "optimizer steps")} on {batches.ImagesPerOptimizerStep} images = "
                + $"{Count(batches.MicroBatches, "micro-batch", "micro-batches")} of {config.MicroBatch}",
            $"the run: {config.Updates} updates, {batches.OptimizerSteps} optimizer steps, {batches.RewardQueries} reward queries",
            $"output {request.Output}",
        ];
    }

    /// <summary>Mean and standard deviation of a reward.</summary>
    public static string Reward(double mean, double std) => string.Create(CultureInfo.InvariantCulture, $"{mean:0.000} +- {std:0.000}");

    /// <summary>The mean scores of the parts of a sum; nothing for a single reward.</summary>
    public static string Parts(IReadOnlyDictionary<string, RewardMoments>? parts) =>
        parts is null ? string.Empty : $" ({string.Join(", ", parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Key} {part.Value.Mean:0.000}")))})";

    /// <summary>How far an update's policy is from the base model, where that was measured.</summary>
    public static string FromBase(UpdateMetrics metrics) => metrics.ReferenceKl is { } divergence ? $", to base {Small(divergence)}" : string.Empty;

    /// <summary>The recognized share of an evaluation, where the model ships a gallery.</summary>
    public static string Recognized(EvaluationMetrics evaluation) =>
        Recognized(evaluation.RecognizedShare, evaluation.RecognizedSamples);

    /// <summary>How the model does at one number of steps.</summary>
    public static string Report(PartialReport report)
    {
        var horizon = report.Horizon;
        string[] rewards = [.. Reward(horizon.Seen, "training prompts"), .. Reward(horizon.Unseen, "others")];
        return $"{(report.IsTuned ? "tuned" : "untuned")}, {Count(horizon.Horizon, "step", "steps")}: reward {string.Join(", ", rewards)}"
            + Recognized(horizon.RecognizedShare, horizon.RecognizedSamples);
    }

    /// <summary>A small number, such as a divergence.</summary>
    public static string Small(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    /// <summary>Time left when the updates to come take as long as those so far.</summary>
    public static TimeSpan Remaining(UpdateMetrics metrics, int updates) => TimeSpan.FromSeconds(metrics.Seconds / metrics.Update * (updates - metrics.Update));

    /// <summary>Hours, minutes and seconds, the hours going beyond a day.</summary>
    public static string Duration(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}");

    private static string Sum(IReadOnlyList<RewardWeight>? rewards) =>
        rewards is null ? string.Empty : $" ({string.Join(" + ", rewards.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Weight} x {part.Task}")))})";

    private static IEnumerable<string> Reward(RewardSummary? rewards, string prompts) =>
        rewards is null ? [] : [string.Create(CultureInfo.InvariantCulture, $"{rewards.Mean:0.000} on {prompts}")];

    private static string Recognized(double? share, int? samples) =>
        share is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", recognized {100 * share:0} % of {samples}");

    private static string Count(int number, string singular, string plural) => $"{number} {(number == 1 ? singular : plural)}";
}

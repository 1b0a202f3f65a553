using System.Globalization;
using Rlcm.Cli.Commands;
using Rlcm.Rewards.Remote;
using Rlcm.Training;

namespace Rlcm.Cli.Reporting;

/// <summary>For pipes and files: a plain line for each update and evaluation.</summary>
internal sealed class PlainTrainReporter(TextWriter output, TrainRequest request) : ITrainReporter
{
    public void Start()
    {
        foreach (var line in TrainText.Plan(request))
            output.WriteLine(line);
    }

    public void Report(IReadOnlyList<SelfCheckResult> value)
    {
        var width = value.Max(check => check.Name.Length);
        foreach (var check in value)
            output.WriteLine($"check {(check.Passed ? "passed" : "FAILED")}  {check.Name.PadRight(width)}  {check.Finding}");
    }

    public void Report(UpdateMetrics value)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"update {value.Update}/{request.Config.Updates}  images {value.Queries}  reward {TrainText.Reward(value.RewardMean, value.RewardStd)}{TrainText.Parts(value.Parts)}  "
            + $"KL {TrainText.Small(value.ApproxKl)}{TrainText.FromBase(value)}  clipped {value.ClipFraction:0.00}  {value.ImagesPerSecond:0.0} images/s  "
            + $"ETA {TrainText.Duration(TrainText.Remaining(value, request.Config.Updates))}"));
        output.Flush();
    }

    public void Report(EvaluationMetrics value)
    {
        output.WriteLine($"evaluation after update {value.Update}: reward {TrainText.Reward(value.RewardMean, value.RewardStd)}{TrainText.Parts(value.Parts)} over {value.Images} images{TrainText.Recognized(value)}");
        output.Flush();
    }

    public void Report(PartialReport value)
    {
        output.WriteLine(TrainText.Report(value));
        output.Flush();
    }

    public void Report(RewardRetry value)
    {
        output.WriteLine(value.Message);
        output.Flush();
    }

    public void Dispose() => output.Flush();
}

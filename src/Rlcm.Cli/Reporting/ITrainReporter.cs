using Rlcm.Cli.Commands;
using Rlcm.Rewards.Remote;
using Rlcm.Training;

namespace Rlcm.Cli.Reporting;

/// <summary>Tells a person how a training run is going.</summary>
internal interface ITrainReporter :
    IProgress<UpdateMetrics>, IProgress<EvaluationMetrics>, IProgress<PartialReport>, IProgress<IReadOnlyList<SelfCheckResult>>, IProgress<RewardRetry>, IDisposable
{
    /// <summary>Says what is about to be done.</summary>
    void Start();
}

/// <summary>Chooses the reporter that fits where the output goes.</summary>
internal static class TrainReporter
{
    public static ITrainReporter Create(Terminal terminal, TrainRequest request) => request.Reporter ?? (request.Quiet
        ? new PlainTrainReporter(TextWriter.Null, request)
        : terminal.Live is { } console ? new LiveTrainReporter(console, request) : new PlainTrainReporter(terminal.Output, request));
}

using System.Globalization;
using Rlcm.Cli.Reporting;
using Rlcm.Rewards.Remote;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>One line on the run that a study is at.</summary>
internal sealed class StudyProgress(Terminal terminal, TimeProvider time, string name, TrainConfig config) : ITrainReporter
{
    private readonly ProgressLine _line = new(terminal, time);
    private double _reward;

    public void Start()
    {
    }

    public void Report(UpdateMetrics value)
    {
        if (_line.IsDue)
            _line.Show(string.Create(CultureInfo.InvariantCulture, $"{name}: update {value.Update}/{config.Updates}, reward {value.RewardMean:0.000}, evaluated {_reward:0.000}, {TrainText.Duration(TrainText.Remaining(value, config.Updates))} left"));
    }

    public void Report(EvaluationMetrics value) => _reward = value.RewardMean;

    public void Report(PartialReport value)
    {
        if (_line.IsDue)
            _line.Show($"{name}: {TrainText.Report(value)}");
    }

    public void Report(IReadOnlyList<SelfCheckResult> value)
    {
    }

    public void Report(RewardRetry value) => terminal.Error.WriteLine(value.Message);

    public void Dispose() => _line.Dispose();
}

using System.Globalization;
using Rlcm.Benchmarks;
using Rlcm.Cli.Reporting;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>Times an update of every arm, one after the other, again and again.</summary>
internal static class RateMeasurement
{
    /// <summary>Measures all arms of <paramref name="study"/>.</summary>
    /// <param name="study">The study.</param>
    /// <param name="changes">What is changed in all runs.</param>
    /// <param name="terminal">Where to report.</param>
    /// <param name="commandLine">The program's arguments.</param>
    /// <param name="stop">Stops between updates.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static StudyRates Measure(StudyDefinition study, IReadOnlyList<string> changes, Terminal terminal, IReadOnlyList<string> commandLine, CancellationToken stop)
    {
        var all = study.Runs.DistinctBy(run => run.Key, StringComparer.Ordinal).ToDictionary(run => run, run => Work(run.Config(changes)));
        StudyRun[] arms = [.. all.Keys.DistinctBy(run => all[run], StringComparer.Ordinal)];
        var trainings = new List<MeasuredUpdates>();
        try
        {
            using var line = new ProgressLine(terminal, TimeProvider.System);
            var rounds = arms.Select(_ => new List<MeasuredUpdate>()).ToArray();
            for (var round = 0; round <= study.Scope.RateRounds; round++)
            {
                foreach (var (index, arm) in arms.Index())
                {
                    if (round == 0)
                        trainings.Add(new(arm.Config(changes) with { Updates = study.Scope.RateRounds + 1 }));
                    var measured = trainings[index].Next(stop);
                    if (round > 0) // the first is slower, and more so for some than for others
                        rounds[index].Add(measured);
                    if (line.IsDue)
                        line.Show($"rates: round {round} of {study.Scope.RateRounds}, {arm.Key}");
                }
            }

            var machine = RunManifest.Gather(new Dictionary<string, string>(StringComparer.Ordinal), seed: 0, commandLine, TimeProvider.System);
            var rates = arms.Zip(rounds).ToDictionary(pair => all[pair.First], pair => ArmRate.Of(pair.Second, pair.First.Config(changes).ImagesPerUpdate), StringComparer.Ordinal);
            return new(
                machine.Hardware["processor"], int.Parse(machine.Hardware["cores"], CultureInfo.InvariantCulture), RunManifest.RlcmVersion, commandLine,
                all.ToDictionary(arm => arm.Key.Key, arm => rates[arm.Value], StringComparer.Ordinal));
        }
        finally
        {
            trainings.ForEach(training => training.Dispose());
        }
    }

    /// <summary>All settings but those that do not change what an update has to do: arms that have them in common are timed once.</summary>
    private static string Work(TrainConfig config) =>
        string.Join('\n', TrainConfigReader.ToSettings(config).Where(setting => setting.Key is not ("klThreshold" or "learningRate" or "prompts" or "seed")).Select(setting => $"{setting.Key}={setting.Value}"));
}

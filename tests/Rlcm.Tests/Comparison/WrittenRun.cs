using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Tests.Comparison;

/// <summary>Folders of runs that nobody trained: a configuration and lines of metrics. An update takes 16 pictures, 30 seconds and 300 U-Net evaluations.</summary>
internal static class WrittenRun
{
    public static string Write(string folder, TrainConfig config, params object[] lines)
    {
        var run = RunFolder.Create(folder);
        TrainConfigReader.Write(config, run.Config);
        using var log = MetricsLog.Create(run.Metrics);
        foreach (var line in lines)
        {
            if (line is UpdateMetrics update)
                log.Append(update);
            else
                log.Append((EvaluationMetrics)line);
        }

        return run.Path;
    }

    public static UpdateMetrics Update(int update, double reward) =>
        new(update, 16 * update, 30 * update, reward, RewardStd: 0.5, 0, 0, 1, 0, 0, 1, 0.1, 1) { SamplingEvaluations = 200 * update, TrainingEvaluations = 100 * update };

    /// <summary>The same of a version that did not count.</summary>
    public static UpdateMetrics Uncounted(int update, double reward) => Update(update, reward) with { SamplingEvaluations = null, TrainingEvaluations = null };

    public static EvaluationMetrics Evaluated(int update, double reward, double? recognized = 1) =>
        new(update, 16 * update, 30 * update, Images: 64, reward, RewardStd: 0.25, recognized, recognized is null ? null : 180, IsBest: true);
}

using Rlcm.Benchmarks;
using Rlcm.Models;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Benchmarks;

public sealed class MeasuredUpdatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [NoTensorLeaks]
    public void Updates_are_made_one_by_one_and_counted_by_themselves()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        var config = new TrainConfig
        {
            Model = TinyModels.Write(_folder["model"], SchedulerConfig.Ddim),
            Algorithm = TrainAlgorithm.Ddpo,
            Prompts = _folder["prompts.txt"],
            EvaluationPrompts = _folder["prompts.txt"],
            GuidanceScale = 3,
            Horizon = 3,
            ImagesPerUpdate = 4,
            SamplingBatch = 4,
            MicroBatch = 4,
            LoraRank = 2,
            Updates = 2,
        };
        using var updates = new MeasuredUpdates(config);
        var (first, second) = (updates.Next(CancellationToken.None), updates.Next(CancellationToken.None));
        Assert.Equal((first.SamplingEvaluations, first.TrainingEvaluations), (second.SamplingEvaluations, second.TrainingEvaluations));
        Assert.Equal(4 * 3 * 2, second.TrainingEvaluations);
        Assert.InRange(second.SamplingEvaluations, 4 * 3 * 2, 2 * 4 * 3 * 2);
        Assert.Equal(second.Seconds / (second.SamplingEvaluations + second.TrainingEvaluations), second.SecondsPerEvaluation);
        Assert.InRange(second.Seconds, double.Epsilon, 1000);
        Assert.Throws<InvalidOperationException>(() => updates.Next(CancellationToken.None));
    }
}

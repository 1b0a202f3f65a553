using Rlcm.Benchmarks;
using Rlcm.Cli.Reproduction;
using Rlcm.Evaluation;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Reproduction;

public sealed class StudyRatesTests
{
    // Updates of two pictures, each of them eight evaluations to draw and eight to train on.
    private static ArmRate Rate { get; } = ArmRate.Of([.. ((double[])[3.2, 32, 6.4]).Select(seconds => new MeasuredUpdate(seconds, 16, 16))], images: 2);

    [Fact]
    public void The_median_of_the_rounds_counts()
    {
        Assert.Equal((0.2, 8, 8), (Rate.SecondsPerEvaluation, Rate.SamplingEvaluations, Rate.TrainingEvaluations));
        Assert.Equal([0.1, 1, 0.2], Rate.Rounds);
        Assert.Equal(3.2, Rate.SecondsPerPicture, 1e-12);
        Assert.Equal(3.2 / (8 + 3 * 8), Rate.SecondsPerForward, 1e-12);
    }

    // 10 updates of 6 pictures; 1 + 4 evaluations of 64 prompts, and of one picture of 15 animals; before and after, two of each animal.
    [Theory]
    [InlineData("quick", 4)]
    [InlineData("ddpo", 50 * 2)] // with guidance
    public void The_time_of_a_run_is_that_of_its_pictures(string preset, int evaluationsToDraw)
    {
        var config = TrainConfigReader.Read(preset, [], []) with { Updates = 10, ImagesPerUpdate = 6, EvaluateEvery = 3, Gallery = "models/emoji-lcm/gallery" };
        var scope = new EvaluationScope(Animals: 15, Styled: false, EvaluationSeeds: 1, ReportSeeds: 2, OwnHorizonOnly: true);
        var drawn = 5 * (64 + 15) + 2 * 2 * 15;
        Assert.Equal((60 * 3.2 + drawn * evaluationsToDraw * 0.1) / 60, StudyList.Minutes(config, scope, Rate), 1e-9);
    }
}

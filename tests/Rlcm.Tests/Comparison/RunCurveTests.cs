using Rlcm.Comparison;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;
using static Rlcm.Tests.Comparison.WrittenRun;

namespace Rlcm.Tests.Comparison;

public sealed class RunCurveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Evaluations_and_updates_are_read_with_all_that_was_counted()
    {
        var curve = RunCurve.Read(Write(_folder["small"], new() { Task = "incompression", Seed = 7 }, Evaluated(0, 2.5), Update(1, 2.75), Update(2, 3), Evaluated(2, 3.5, recognized: 0.5), Update(3, 4)));
        Assert.Equal(("small", _folder["small"], "incompression", "incompression (kB)", "rlcm", 7UL), (curve.Name, curve.Path, curve.Task, curve.Reward.Title, curve.Algorithm, curve.Seed));
        Assert.Equal([new(0, 0, 0, 0, 0, 2.5, 0.25, 64, 1), new(2, 32, 60, 400, 200, 3.5, 0.25, 64, 0.5)], curve.Evaluations);
        Assert.Equal(new CurvePoint(3, 48, 90, 600, 300, 4, 0.5, new TrainConfig().ImagesPerUpdate, RecognizedShare: null), curve.Training[^1]);
        Assert.Equal(3, curve.Training.Count);
        Assert.Equal([60, 32, 2, 600], Enum.GetValues<CurveAxis>().Select(axis => curve.End.On(axis)!.Value));
        Assert.All(Enum.GetValues<CurveAxis>(), axis => Assert.True(curve.Has(axis)));
    }

    [Fact]
    public void The_algorithm_is_that_of_the_configuration() =>
        Assert.Equal("ddpo", RunCurve.Read(Write(_folder["run"], TrainConfigReader.Read("ddpo", [], []), Evaluated(0, 1))).Algorithm);

    [Fact]
    public void Start_best_and_end_are_those_of_the_evaluations()
    {
        var curve = RunCurve.Read(Write(_folder["run"], new(), Evaluated(0, 1), Evaluated(5, 4), Evaluated(10, 2), Evaluated(15, 4), Evaluated(20, 3)), "another");
        Assert.Equal(("another", 0, 5, 20), (curve.Name, curve.Start.Update, curve.Best.Update, curve.End.Update));
    }

    [Fact]
    public void Runs_that_counted_no_evaluations_of_the_network_have_none()
    {
        var curve = RunCurve.Read(Write(_folder["run"], new(), Evaluated(0, 1), Uncounted(1, 1), Update(2, 1), Evaluated(2, 2)));
        Assert.All(curve.Evaluations.Concat(curve.Training), point => Assert.Null(point.UnetEvaluations));
        Assert.False(curve.Has(CurveAxis.Evaluations));
        Assert.True(curve.Has(CurveAxis.Queries));
    }

    [Fact]
    public void A_run_that_has_just_begun_is_a_single_point()
    {
        var curve = RunCurve.Read(Write(_folder["run"], new(), Evaluated(0, 1)));
        Assert.Equal([curve.Start], curve.Evaluations);
        Assert.Empty(curve.Training);
        Assert.Equal(0, curve.Start.On(CurveAxis.Evaluations));
    }

    [Fact]
    public void Of_lines_that_are_there_again_the_last_count_in_the_order_of_updates()
    {
        var curve = RunCurve.Read(Write(_folder["run"], new(), Evaluated(2, 9), Evaluated(0, 1), Update(2, 7), Update(1, 6), Update(2, 8), Evaluated(2, 3)));
        Assert.Equal([(0, 1.0), (2, 3)], curve.Evaluations.Select(point => (point.Update, point.RewardMean)));
        Assert.Equal([(1, 6.0), (2, 8)], curve.Training.Select(point => (point.Update, point.RewardMean)));
    }

    [Fact]
    public void A_run_without_an_evaluation_is_refused()
    {
        var run = Write(_folder["run"], new(), Update(1, 1));
        var metrics = Path.Combine(run, "metrics.jsonl");
        var message = $"{metrics}: expected an evaluation, of the untuned model at least, found none yet; wait for it, or leave the run out.";
        Assert.Equal(message, Assert.Throws<FileContentException>(() => RunCurve.Read(run)).Message);
        File.Delete(metrics);
        Assert.Equal(message, Assert.Throws<FileContentException>(() => RunCurve.Read(run)).Message);
    }

    [Fact]
    public void Rewards_that_cannot_be_drawn_are_refused_with_their_update()
    {
        var run = Write(_folder["run"], new(), Evaluated(0, 1), Update(4, 1e200));
        Assert.Equal($"{run}/metrics.jsonl: expected finite rewards and seconds, found others at update 4; remove the line.", Assert.Throws<FileContentException>(() => RunCurve.Read(run)).Message);
    }

    [Fact]
    public void A_folder_without_a_run_is_refused() =>
        Assert.Contains("holds no run", Assert.Throws<UserErrorException>(() => RunCurve.Read(_folder.Path)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Rewards))]
    public void Rewards_on_different_scales_have_different_names(TrainConfig config, string title) => Assert.Equal(title, NamedReward.Of(config).Title);

    public static TheoryData<TrainConfig, string> Rewards => new()
    {
        { new() { Task = "compression" }, "compression (kB)" },
        { new() { Task = "style", Style = "3d" }, "style 3d (probability)" },
        { new() { Task = "custom", CustomReward = "brightness (grey levels)" }, "brightness (grey levels)" },
        { new() { Task = "weighted", Rewards = [new("compression", 1), new("alignment", -0.5, Max: 0.25)] }, "1 x compression + -0.5 x alignment in ..0.25 (standard deviations)" },
    };
}

using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Diffusion;
using Rlcm.Evaluation;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests.Evaluation;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class TrainingSessionTests : TrainingSessionFixture
{
    [Fact]
    public void Every_part_of_the_report_is_told_as_soon_as_it_is_there()
    {
        using var stop = new CancellationTokenSource();
        _onReport = stop.Cancel;
        Assert.Throws<OperationCanceledException>(() => Train(_config, "stopped", stop: stop.Token));
        Assert.Equal([1], _reports.Select(part => part.Horizon.Horizon)); // before the second is drawn

        _onReport = () => { };
        _reports.Clear();
        var run = Train(_config with { Updates = 1 }, "run", afterUpdate: _ => Assert.Equal(4, _reports.Count));
        Assert.Equal([(false, 1), (false, 2), (false, 4), (false, 8), (true, 1), (true, 2), (true, 4), (true, 8)], _reports.Select(part => (part.IsTuned, part.Horizon.Horizon)));
        Assert.Contains($"\"mean\": {JsonSerializer.Serialize(_reports[^1].Horizon.Seen!.Mean)}", File.ReadAllText(run.Evaluation), StringComparison.Ordinal);
    }

    [Fact]
    public void A_diffusion_model_is_tuned_by_DDPO_and_a_run_without_gain_ends()
    {
        var config = _config with
        {
            Algorithm = TrainAlgorithm.Ddpo,
            Model = TinyModels.Write(_folder["diffusion"], SchedulerConfig.Ddim),
            Grid = new TrainConfig().Grid,
            Horizon = 3,
            LearningRate = 1e-12,
            Patience = 2,
        };
        var run = Train(config, "ddpo");
        var (updates, evaluations) = MetricsFile.Read(run.Metrics);
        Assert.Equal([1, 2], updates.Select(line => line.Update)); // of six
        Assert.Equal([0, 1, 2], evaluations.Select(line => line.Update));
        Assert.Equal([(3, false), (3, true)], _reports.Select(part => (part.Horizon.Horizon, part.IsTuned)));
        Assert.Equal(8 * 2 * 3 + 1 * 2 * 3, updates[0].SamplingEvaluations); // pictures, predictions, steps; and of the one that is compared with the base model
        Assert.Equal((2 * 8 * 2 * 3, 2 * updates[0].SamplingEvaluations), (updates[1].TrainingEvaluations, updates[1].SamplingEvaluations));
        Assert.True(File.Exists(run.Evaluation));
    }

    [Fact]
    public void The_best_checkpoints_stay_beside_the_last_and_the_best_adapter_is_that_of_the_best_evaluation()
    {
        var run = Train(_config, "run");
        var evaluations = MetricsFile.Read(run.Metrics).Evaluations;
        var ranking = evaluations.Where(line => line.Update > 0).OrderByDescending(line => line.RewardMean).Select(line => (long)line.Update).ToArray();
        Assert.Equal(ranking.Take(2).Append(6).Distinct().Order(), new CheckpointStore(run.Checkpoints).Numbers);

        var running = evaluations.Select((line, index) => evaluations.Take(index).All(earlier => line.RewardMean > earlier.RewardMean));
        Assert.Equal(running, evaluations.Select(line => line.IsBest));
        Assert.Contains(evaluations, line => !line.IsBest);

        var best = evaluations.Last(line => line.IsBest);
        if (best.Update > 0)
            Assert.Equal(AdapterOf(run, best.Update), Adapter(run.Best));
        Assert.Equal(AdapterOf(run, 6), Adapter(run.Adapter));
    }

    [Fact]
    public void Who_goes_back_before_the_best_has_the_best_of_what_is_left()
    {
        var config = _config with { KeepLast = 9, KeepBest = 9 };
        var evaluations = MetricsFile.Read(Train(config, "run").Metrics).Evaluations;
        var best = evaluations.Last(line => line.IsBest).Update;
        var earlier = evaluations.Last(line => line.IsBest && line.Update < best).Update;
        Assert.InRange(best, 1, 6);

        var run = Train(config, "run", resume: new(Checkpoint: Math.Max(1, best - 1)), stop: new CancellationToken(canceled: true));
        if (earlier > 0)
        {
            Assert.Equal(earlier, AdapterProvenance.Read(run.Best).Updates);
            Assert.Equal(AdapterOf(run, earlier), Adapter(run.Best));
        }
        else
        {
            Assert.Equal(best == 1, Directory.Exists(run.Best)); // the untuned model has no checkpoint
        }
    }

    [Fact]
    public void Adapters_say_how_they_came_to_be()
    {
        var run = Train(_config with { Updates = 2, Seed = 9 }, "run");
        var evaluations = MetricsFile.Read(run.Metrics).Evaluations;
        var expected = Provenance(evaluations[^1], seed: 9);
        Assert.Equal(expected, AdapterProvenance.Read(run.Adapter));
        var best = evaluations.Last(line => line.IsBest);
        Assert.Equal(expected with { Reward = best.RewardMean, Updates = best.Update }, AdapterProvenance.Read(run.Best));
    }

    [Fact]
    public void A_run_that_is_stopped_between_evaluations_claims_no_reward()
    {
        using var stop = new CancellationTokenSource();
        var run = Train(_config with { EvaluateEvery = 3 }, "run", afterUpdate: update =>
        {
            if (update == 2)
                stop.Cancel();
        }, stop: stop.Token);
        Assert.Equal((2, null), (AdapterProvenance.Read(run.Adapter).Updates, AdapterProvenance.Read(run.Adapter).Reward));
    }

    [Fact]
    public void A_sum_of_other_parts_has_another_report_of_the_untuned_model()
    {
        var config = _config with { Updates = 1, Task = "weighted", Rewards = [new("compression", 1)] };
        Train(config, "run");
        var run = Train(config with { Updates = 2, Rewards = [new("compression", 1), new("incompression", 0.5)] }, "run", resume: new(Force: true));
        Assert.All(HorizonReport.TryRead(run.EvaluationBefore)!, report => Assert.Equal(["compression", "incompression"], report.Parts!.Keys));
        Assert.Equal("1 x compression (kB), 0.5 x incompression (kB)", AdapterProvenance.Read(run.Adapter).RewardParts);
    }

    [Fact]
    public void A_run_whose_base_model_was_exchanged_is_not_continued()
    {
        Train(_config with { Updates = 1 }, "run");
        TinyModels.Write(_folder["other"], width: 24);
        Directory.Delete(_config.Model, recursive: true);
        Directory.Move(_folder["other"], _config.Model);
        var error = Assert.Throws<UserErrorException>(() => Train(_config, "run", resume: new())).Message;
        Assert.Contains("model/unet/config.json was SHA-256 ", error, StringComparison.Ordinal);
        Assert.Contains("model/unet/diffusion_pytorch_model.safetensors was SHA-256 ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("model/vae", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_run_continues_to_the_same_end()
    {
        var whole = Train(_config, "whole");
        using var stop = new CancellationTokenSource();
        var parts = Train(_config, "parts", afterUpdate: update =>
        {
            if (update == 2)
                stop.Cancel();
        }, stop: stop.Token);
        Assert.Equal([2], new CheckpointStore(parts.Checkpoints).Numbers.TakeLast(1));
        Assert.True(File.Exists(Path.Combine(parts.Adapter, "adapter_model.safetensors")));

        Train(_config, "parts", resume: new());
        Assert.Equal(Adapter(whole.Adapter), Adapter(parts.Adapter));
        Assert.Equal(Rewards(whole), Rewards(parts));
    }

    [Fact]
    public void A_clock_that_jumps_changes_times_and_nothing_else()
    {
        var steady = Train(_config, "steady");
        var jumping = new JumpingTime();
        using var stop = new CancellationTokenSource();
        Train(_config, "jumping", time: jumping, stop: stop.Token, afterUpdate: update =>
        {
            if (update == 3)
                stop.Cancel();
        });
        var run = Train(_config, "jumping", resume: new(), time: jumping);
        Assert.Equal(Adapter(steady.Adapter), Adapter(run.Adapter));
        Assert.Equal(Rewards(steady), Rewards(run));
        Assert.Equal(6, EventFile.Read(Assert.Single(Directory.GetFiles(run.Events))).Count(item => item.Scalars.ContainsKey("train/reward_mean")));
        Assert.True(jumping.Jumps > 10);
    }

    [Fact]
    public void A_stop_before_the_first_update_is_no_result()
    {
        Assert.Throws<OperationCanceledException>(() => Train(_config, "run", stop: new CancellationToken(canceled: true)));
        Assert.True(File.Exists(Train(_config with { Updates = 1 }, "run", resume: new()).Evaluation));
    }

    [Fact]
    public void A_run_that_is_stopped_after_its_last_update_lacks_its_report_only()
    {
        var config = _config with { Updates = 2 };
        using var stop = new CancellationTokenSource();
        var run = Train(config, "run", afterUpdate: update =>
        {
            if (update == 2)
                stop.Cancel();
        }, stop: stop.Token);
        Assert.True(File.Exists(Path.Combine(run.Adapter, "adapter_model.safetensors")));
        Assert.False(File.Exists(run.Evaluation));

        Train(config, "run", resume: new());
        Assert.True(File.Exists(run.Evaluation));
    }

    [Fact]
    public void Pictures_of_another_size_than_the_gallerys_are_not_recognized()
    {
        Drawings.Gallery(4).Write(Path.Combine(_config.Model, Gallery.FolderName)); // 64x64, the model draws 16x16
        var run = Train(_config with { Updates = 1 }, "run");
        Assert.All(MetricsFile.Read(run.Metrics).Evaluations, line => Assert.Null(line.RecognizedShare));
    }

    [Fact]
    public void Animals_of_a_model_with_a_gallery_are_recognized_or_not()
    {
        Drawings.Gallery(4).Write(Path.Combine(_config.Model, Gallery.FolderName));
        var run = Train(_config with { Updates = 1, Height = 64, Width = 64, OriginSteps = 2, SamplingBatch = 8 }, "run");
        Assert.All(MetricsFile.Read(run.Metrics).Evaluations, line => Assert.Equal((true, 180), (line.RecognizedShare is >= 0 and <= 1, line.RecognizedSamples)));
        var reports = JsonDocument.Parse(File.ReadAllText(run.Evaluation)).RootElement;
        foreach (var report in reports.GetProperty("before").EnumerateArray().Concat(reports.GetProperty("after").EnumerateArray()))
        {
            Assert.InRange(report.GetProperty("recognized_share").GetDouble(), 0, 1);
            Assert.Equal(360, report.GetProperty("recognized_samples").GetInt32());
            Assert.InRange(report.GetProperty("diversity").GetDouble(), 1e-6, 1);
        }
    }

    [Fact]
    public void A_report_goes_no_further_than_the_steps_of_the_model()
    {
        var run = Train(_config with { Updates = 1, OriginSteps = 4 }, "run");
        var horizons = JsonDocument.Parse(File.ReadAllText(run.Evaluation)).RootElement.GetProperty("after").EnumerateArray();
        Assert.Equal([1, 2, 4], horizons.Select(report => report.GetProperty("horizon").GetInt32()));
    }

    [Fact]
    public void TensorBoard_holds_no_step_twice_after_a_crash()
    {
        var config = _config with { CheckpointEvery = 2 };
        Assert.Throws<InvalidOperationException>(() => Train(config, "run", afterUpdate: update =>
        {
            if (update == 4)
                throw new InvalidOperationException("no power");
        }));
        var run = Train(config, "run", resume: new());
        var events = EventFile.Read(Assert.Single(Directory.GetFiles(run.Events)));
        Assert.Equal([1L, 2, 3, 4, 5, 6], events.Where(item => item.Scalars.ContainsKey("train/reward_mean")).Select(item => item.Step));
    }

    /// <summary>Ten years forth, and back to the year 1970.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        public int Jumps { get; private set; }

        public override DateTimeOffset GetUtcNow() => ++Jumps % 2 == 0 ? DateTimeOffset.UnixEpoch : new(2036, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}

using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

/// <summary>Runs that train the whole U-Net.</summary>
public sealed class WholeUnetSessionTests : TrainingSessionFixture
{
    private TrainConfig Whole => _config with { TrainedWeights = TrainedWeights.Unet, LearningRate = 0.003 };

    [Fact]
    public void A_run_of_a_whole_U_Net_leaves_its_last_and_its_best_model_which_say_how_they_came_to_be()
    {
        var run = Train(Whole with { KeepLast = 9, KeepBest = 9 }, "run");
        Assert.False(Path.Exists(run.Adapter));
        var evaluations = MetricsFile.Read(run.Metrics).Evaluations;
        var best = evaluations.Last(line => line.IsBest);
        var expected = Provenance(evaluations[^1], seed: 1);
        Assert.Equal(expected, AdapterProvenance.Read(run.Model));
        Assert.Equal(expected with { Reward = best.RewardMean, Updates = best.Update }, AdapterProvenance.Read(run.Best));
        Assert.Equal(UnetOf(run, 6), Unet(run.Model));
        Assert.Equal(best.Update == 0 ? Unet(_config.Model) : UnetOf(run, best.Update), Unet(run.Best));
        Assert.NotEqual(Unet(_config.Model), Unet(run.Model));
    }

    [Fact]
    public void Who_goes_back_before_the_best_model_has_the_best_of_what_is_left()
    {
        var config = Whole with { KeepLast = 9, KeepBest = 9 };
        using var reward = TrainingReward.Of(new RisingReward());
        var run = Train(config, "run", reward: reward);
        Assert.Equal(6, AdapterProvenance.Read(run.Best).Updates);
        Train(config, "run", resume: new(Checkpoint: 4), stop: new CancellationToken(canceled: true), reward: reward);
        Assert.Equal(4, AdapterProvenance.Read(run.Best).Updates);
        Assert.Equal(UnetOf(run, 4), Unet(run.Best));
    }

    [Fact]
    public void A_stopped_run_of_a_whole_U_Net_continues_to_the_same_end()
    {
        var whole = Train(Whole, "whole");
        using var stop = new CancellationTokenSource();
        var parts = Train(Whole, "parts", afterUpdate: update =>
        {
            if (update == 2)
                stop.Cancel();
        }, stop: stop.Token);
        Assert.Equal(2, AdapterProvenance.Read(parts.Model).Updates);
        Train(Whole, "parts", resume: new());
        Assert.Equal(Unet(whole.Model), Unet(parts.Model));
        Assert.Equal(Unet(whole.Best), Unet(parts.Best));
        Assert.Equal(Rewards(whole), Rewards(parts));
    }

    [Fact]
    public void A_run_that_has_no_checkpoint_yet_begins_anew_with_the_whole_U_Net()
    {
        Assert.Throws<OperationCanceledException>(() => Train(_config, "run", stop: new CancellationToken(canceled: true)));
        var run = RunFolder.Open(_folder["run"]);
        Directory.CreateDirectory(run.Best);
        using (var model = TextToImageModel.Load(_config.Model))
        using (var adapters = LoraAdapters.Create(model.Unet, _config.LoraTargets, 2, 4, 1))
            adapters.Save(run.Best, new() { Updates = 0 });
        Train(Whole with { Updates = 1 }, "run", resume: new());
        Assert.False(AdapterFile.IsFolder(run.Best));
        Assert.False(Path.Exists(run.Adapter));
    }

    private float[] UnetOf(RunFolder run, long checkpoint)
    {
        using var loaded = new CheckpointStore(run.Checkpoints).Load(checkpoint);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var model = TextToImageModel.Load(_config.Model);
        return [.. model.Unet.named_parameters().SelectMany(entry => loaded.Tensor(entry.name).data<float>().ToArray())];
    }

    private static float[] Unet(string folder)
    {
        using var model = TextToImageModel.Load(folder);
        return [.. model.Unet.named_parameters().SelectMany(entry => entry.parameter.data<float>().ToArray())];
    }
}

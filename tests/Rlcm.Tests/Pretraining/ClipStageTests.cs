using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Pretraining;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Pretraining;

public sealed class ClipStageTests : IDisposable
{
    private static readonly string[] Styles = ["flat", "noto"];
    private static readonly PretrainingSettings Settings = new() { Images = 640, BatchSize = 8 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gradients_reach_every_weight_but_those_of_the_average()
    {
        using var scope = NewDisposeScope();
        using var stage = Stage();
        stage.Loss(0).backward();
        Assert.All(stage.Weights, weight => Assert.True(weight.Value.grad is not null, $"{weight.Name} has no gradient."));
        Assert.All(stage.Weights, weight => Assert.False(weight.Average.requires_grad, $"The average of {weight.Name} would be trained."));
    }

    [Fact]
    public void A_loss_is_that_of_its_step_alone()
    {
        using var scope = NewDisposeScope();
        using var stage = Stage();
        var first = stage.Loss(3).ToDouble();
        Assert.NotEqual(first, stage.Loss(4).ToDouble());
        Assert.Equal(first, stage.Loss(3).ToDouble());
    }

    [Fact]
    public void It_learns_and_saves_a_folder_that_is_read_with_its_head()
    {
        using (var stage = Stage())
        {
            var losses = new List<double>();
            var loop = new PretrainingLoop(stage, Settings with { Images = 2400, LearningRate = 3e-3, WarmupSteps = 10 }, new(_folder["run"]));
            Assert.True(loop.Run(null, new SynchronousProgress<PretrainingProgress>(progress => losses.Add(progress.Loss)), _ => { }, TestContext.Current.CancellationToken));
            Assert.True(losses[^30..].Average() < losses[..30].Average() - 0.3, $"{losses[..30].Average()} to {losses[^30..].Average()}");
        }

        var saved = Path.Combine(_folder["run"], "model");
        using var clip = ClipFolder.Load(saved, withTexts: true);
        using var head = StyleHead.Load(saved, clip.Model.Config.ProjectionSize);
        Assert.Equal(Styles, head.Styles);
        using var texts = clip.EmbedTexts(["a cat"]);
        using var styles = head.forward(clip.EmbedPictures(Images()));
        Assert.Equal([TinyStages.Pictures, 2L], styles.shape);
    }

    private ClipStage Stage()
    {
        var clip = TinyClip.Write(_folder["clip"]);
        var config = ClipConfig.Read(Path.Combine(clip, "config.json"));
        ImageRecord[] records = [.. Enumerable.Range(0, TinyStages.Pictures).Select(index => new ImageRecord { FileName = $"{index}.png", Text = "x", Label = index < 4 ? "cat" : "dog", Style = Styles[index % 2] })];
        ClipNetworks Build() => ClipNetworks.Begin(config, Styles, Settings.Seed);
        return new(Build(), Build(), clip, records, new PixelStore(Images()), TinyStages.Uniform, Settings);
    }

    /// <summary>Cats are red, dogs are blue; one style is dark.</summary>
    private static ImageBatch Images() => new(
        [.. Enumerable.Range(0, TinyStages.Pictures).SelectMany(index => Enumerable.Repeat((byte[])[index < 4 ? Light(index) : (byte)0, 0, index < 4 ? (byte)0 : Light(index)], 16 * 16).SelectMany(pixel => pixel))],
        TinyStages.Pictures, 16, 16);

    private static byte Light(int index) => index % 2 == 0 ? (byte)60 : (byte)250;
}

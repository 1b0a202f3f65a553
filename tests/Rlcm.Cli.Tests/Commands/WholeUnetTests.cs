using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary>A run that trains the whole U-Net, as its user sees it.</summary>
public sealed class WholeUnetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public WholeUnetTests()
    {
        _model = TinyModels.Write(_folder["model"]);
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_leaves_a_model_that_every_command_takes()
    {
        var output = await Train("run");
        Assert.Contains("check passed  gradients reach the U-Net ", output, StringComparison.Ordinal);
        Assert.Contains($"\nModel: {_folder["run/model"]}\n", output, StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder["run/adapter"]));
        Assert.Equal($"The run {_folder["run"]} is finished, after update 2. Its model is {_folder["run/model"]}; --updates N continues it.\n", await CommandLine.SucceedAsync("train", "--resume", _folder["run"]));

        var tuned = await Draw(_folder["run/model"]);
        Assert.NotEqual(await Draw(_model), tuned);
        await Draw(_folder["run/best"]);
        Assert.Contains("compression", await CommandLine.SucceedAsync(
            "evaluate", "--model", _folder["run/model"], "--rewards", "compression", "--prompts", _folder["prompts.txt"], "--samples", "2", "--steps", "2"), StringComparison.Ordinal);

        Assert.Contains($"rlcm sample --model {_folder["run/model"]} --prompt TEXT", await CommandLine.SucceedAsync("inspect", _folder["run"]), StringComparison.Ordinal);
        var inspected = await CommandLine.SucceedAsync("inspect", _folder["run/model"]);
        Assert.Contains($"\nbase model: {_model}\n", inspected, StringComparison.Ordinal);
        Assert.Contains("\nupdates: 2\n", inspected, StringComparison.Ordinal);

        Assert.Equal($"Wrote {_folder["run/model"]} to {_folder["exported"]}.\n", await CommandLine.SucceedAsync("export", _folder["run"], "--format", "merged", "--output", _folder["exported"]));
        Assert.Equal(tuned, await Draw(_folder["exported"]));
        Assert.Equal($"Wrote {_folder["run/best"]} to {_folder["half"]}.\n", await CommandLine.SucceedAsync("export", _folder["run"], "--best", "--format", "merged", "--dtype", "fp16", "--output", _folder["half"]));
    }

    [Theory]
    [InlineData("export RUN --format kohya --output OUT.safetensors", "--format: expected merged, since the run tuned the whole U-Net and has no adapter, found kohya; export it as merged, or use the model RUN/model as it is.")]
    [InlineData("export RUN --format merged --model MODEL --output OUT", "--model: expected with an adapter, found it with the model RUN/model, whose whole U-Net was tuned; leave it out.")]
    [InlineData("export RUN --best --format merged --output OUT", "The run RUN has no best model yet: expected the folder RUN/best; it is written by the first evaluation.")]
    [InlineData("sample --model MODEL --adapter RUN/model --prompt x --output OUT.png", "RUN/model is a whole model, expected an adapter; --model of rlcm sample and rlcm evaluate takes it.")]
    public async Task What_needs_an_adapter_is_refused(string command, string expected)
    {
        var run = Runtime.RunFolder.Create(_folder["run"]);
        Training.TrainConfigReader.Write(new() { Model = _model, TrainedWeights = Training.TrainedWeights.Unet }, run.Config);
        using (var model = TextToImageModel.Load(_model))
        using (var tuned = new TunedUnet(model, _folder["model/tokenizer"]))
            tuned.Save(run.Model, new AdapterProvenance { Task = "compression" });
        string Placed(string text) => text.Replace("RUN", run.Path, StringComparison.Ordinal).Replace("OUT", _folder["out"], StringComparison.Ordinal).Replace("MODEL", _model, StringComparison.Ordinal);
        Assert.Equal(Placed(expected), await CommandLine.RefusedAsync([.. command.Split(' ').Select(Placed)]));
    }

    private Task<string> Train(string name)
    {
        string[] keys =
        [
            "trainedWeights=unet", "learningRate=1e-3", "imagesPerUpdate=4", "samplingBatch=4", "groupSize=2", "minibatches=1", "microBatch=4", "originSteps=2", "horizon=2",
            $"evaluationPrompts={_folder["prompts.txt"]}",
        ];
        return CommandLine.SucceedAsync([
            "train", "--model", _model, "--prompts", _folder["prompts.txt"], "--updates", "2", "--output", _folder[name], .. keys.SelectMany(key => (string[])["--set", key])]);
    }

    private async Task<byte[]> Draw(string model)
    {
        await CommandLine.SucceedAsync("sample", "--prompt", "a cat", "--output", _folder["cat.png"], "--model", model);
        return PngFile.Read(_folder["cat.png"]).Pixels;
    }
}

using Rlcm.Models;
using Rlcm.Runtime;
using Rlcm.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Cli.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_that_is_continued_on_another_base_model_says_so()
    {
        var path = TinyModels.Write(_folder["model"]);
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        string[] small = ["imagesPerUpdate=4", "samplingBatch=4", "groupSize=2", "minibatches=1", "microBatch=4", "originSteps=2", "horizon=2", $"evaluationPrompts={_folder["prompts.txt"]}"];
        await CommandLine.SucceedAsync(
            ["train", "--model", path, "--prompts", _folder["prompts.txt"], "--updates", "1", "--quiet", "--output", _folder["run"], .. small.SelectMany(value => (string[])["--set", value])]);
        await CommandLine.SucceedAsync("train", "--resume", _folder["run"], "--quiet");

        using (var model = TextToImageModel.Load(path))
        using (no_grad())
        {
            using var weight = model.Unet.state_dict()["conv_out.bias"];
            weight.fill_(0.5);
            model.Save(path, ScalarType.Float32, Path.Combine(path, "tokenizer"));
        }

        var (code, _, error) = await CommandLine.RunAsync("train", "--resume", _folder["run"], "--quiet");
        Assert.Equal(ExitCode.Success, code);
        Assert.StartsWith($"The run {RunFolder.Open(_folder["run"]).Path} was made for {path} (U-Net ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}

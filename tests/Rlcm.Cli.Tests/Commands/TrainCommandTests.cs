using Rlcm.Models;
using Rlcm.Models.Lora;
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
    public async Task A_reward_of_a_CLIP_model_is_trained_and_its_files_belong_to_the_run()
    {
        var (model, clip) = (TinyModels.Write(_folder["model"]), TinyClip.Write(_folder["clip"]));
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        string[] small = ["imagesPerUpdate=4", "samplingBatch=2", "groupSize=2", "minibatches=1", "microBatch=4", "originSteps=2", "horizon=2", $"evaluationPrompts={_folder["prompts.txt"]}"];
        string[] begin = ["train", "--task", "clip-score", "--model", model, "--prompts", _folder["prompts.txt"], "--updates", "1", "--output", _folder["run"], .. small.SelectMany(value => (string[])["--set", value])];
        Assert.StartsWith("--task: clipModel: task clip-score needs a CLIP model; download ", await CommandLine.RefusedAsync(begin), StringComparison.Ordinal);
        await CommandLine.SucceedAsync([.. begin, "--clip-model", clip, "--quiet"]);
        Assert.Equal(("clip-score", "cosine"), (AdapterProvenance.Read(_folder["run/adapter"]).Task, AdapterProvenance.Read(_folder["run/adapter"]).RewardUnit));

        Directory.Move(clip, _folder["moved"]);
        await CommandLine.SucceedAsync("train", "--resume", _folder["run"], "--updates", "2", "--clip-model", _folder["moved"], "--quiet");
        File.WriteAllBytes(_folder["moved/model.safetensors"], File.ReadAllBytes(Path.Combine(TinyClip.Write(_folder["other"], projection: 16), "model.safetensors")));
        Assert.Contains("clipModel/model.safetensors was SHA-256 ", await CommandLine.RefusedAsync("train", "--resume", _folder["run"], "--updates", "3", "--quiet"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alignment", "cosine", "emoji-clip/model.safetensors")]
    [InlineData("style", "probability", "emoji-clip/style_head/model.safetensors", "--style", "3d")]
    public async Task Rewards_of_the_embedded_CLIP_need_nothing_else(string task, string unit, string input, params string[] options)
    {
        var model = TinyModels.Write(_folder["model"]);
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        string[] small = ["imagesPerUpdate=4", "samplingBatch=2", "groupSize=2", "minibatches=1", "microBatch=4", "originSteps=2", "horizon=2", $"evaluationPrompts={_folder["prompts.txt"]}"];
        await CommandLine.SucceedAsync(
            ["train", "--task", task, .. options, "--model", model, "--prompts", _folder["prompts.txt"], "--updates", "1", "--quiet", "--output", _folder["run"], .. small.SelectMany(value => (string[])["--set", value])]);
        Assert.Equal((task, unit), (AdapterProvenance.Read(_folder["run/adapter"]).Task, AdapterProvenance.Read(_folder["run/adapter"]).RewardUnit));
        Assert.Contains(input, await File.ReadAllTextAsync(RunFolder.Open(_folder["run"]).Manifest, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_continued_on_another_base_model_only_by_force_which_says_what_is_given_up()
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

        var difference = "model/unet/diffusion_pytorch_model.safetensors was SHA-256 ";
        var error = await CommandLine.RefusedAsync("train", "--resume", _folder["run"], "--quiet");
        Assert.StartsWith($"The run in {_folder["run"]} would not go on as it was begun: {difference}", error, StringComparison.Ordinal);

        var (code, _, warning) = await CommandLine.RunAsync("train", "--resume", _folder["run"], "--quiet", "--force", "--updates", "2");
        Assert.Equal(ExitCode.Success, code);
        Assert.StartsWith($"Continued by --force: the result will not be that of one undisturbed run, since {difference}", warning, StringComparison.Ordinal);
        Assert.Single(warning.TrimEnd().Split('\n'));
        Assert.Equal(warning.TrimEnd(), RunManifest.Read(RunFolder.Open(_folder["run"]).Manifest)!.Continued[^1].GivenUp);
    }
}

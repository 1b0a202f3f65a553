using System.Text.Json.Nodes;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary>What users get wrong, command by command: one line, exit code 2, and the output folder as it was.</summary>
public sealed class MistakesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private string _model;

    public MistakesTests()
    {
        _model = TinyModels.Write(_folder["model"]);
        Directory.CreateDirectory(_folder["pictures"]);
        PngFile.Write(_folder["pictures/0.png"], new ImageBatch(new byte[16 * 16 * 3], 1, 16, 16));
        File.WriteAllText(_folder["pictures/metadata.jsonl"], """{"file_name":"0.png","text":"a cat"}""" + "\n");
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>All that read a model.</summary>
    public static TheoryData<string> Commands => ["train", "sample", "evaluate", "distill", "pretrain teacher", "pretrain vae"];

    /// <summary>Those that read more of it than the autoencoder.</summary>
    public static TheoryData<string> CommandsOfWholeModels => [.. Commands.Select(row => row.Data).Where(command => command != "pretrain vae")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_model_that_is_not_there_is_named(string command)
    {
        Directory.Delete(_model, recursive: true);
        Assert.Contains(_model, await Refused(command), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_model_without_one_of_its_files_is_named(string command)
    {
        File.Delete(InModel("vae/diffusion_pytorch_model.safetensors"));
        Assert.Contains($"{InModel("vae")} holds no weights: expected diffusion_pytorch_model.safetensors", await Refused(command), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Weights_that_were_cut_off_are_named_with_what_to_do(string command)
    {
        var weights = InModel("vae/diffusion_pytorch_model.safetensors");
        using (var stream = File.OpenWrite(weights))
            stream.SetLength(stream.Length / 2);
        var error = await Refused(command);
        Assert.Contains(weights, error, StringComparison.Ordinal);
        Assert.Contains("fetch it again", error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(CommandsOfWholeModels))]
    public async Task A_configuration_of_an_architecture_that_is_not_implemented_is_refused_by_name(string command)
    {
        EditUnet(config => config["addition_embed_type"] = "text_time"); // SDXL
        var error = await Refused(command);
        Assert.Contains(InModel("unet/config.json"), error, StringComparison.Ordinal);
        Assert.Contains("addition_embed_type = \"text_time\"", error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(CommandsOfWholeModels))]
    public async Task A_configuration_of_another_size_does_not_fit_its_weights(string command)
    {
        EditUnet(config => config["block_out_channels"] = new JsonArray(8, 24));
        var error = await Refused(command);
        Assert.Contains("does not fit its config.json", error, StringComparison.Ordinal);
        Assert.Contains("check that both files belong to the same model", error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(CommandsOfWholeModels))]
    public async Task Prompts_in_another_encoding_are_refused(string command)
    {
        File.WriteAllBytes(_folder["latin1.txt"], [.. "a cat\na caf"u8, 0xe9, .. "\n"u8]);
        var error = await Refused(command, "--prompts", _folder["latin1.txt"]);
        Assert.Contains($"{_folder["latin1.txt"]} is not UTF-8: line 2 holds the byte 0xe9", error, StringComparison.Ordinal);
        Assert.Contains("save the file as UTF-8", error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(CommandsOfWholeModels))]
    public async Task An_empty_list_of_prompts_is_refused(string command)
    {
        File.WriteAllText(_folder["empty.txt"], "\n \n");
        Assert.Equal($"The prompt file {_folder["empty.txt"]} holds no prompt: write one prompt a line.", await Refused(command, "--prompts", _folder["empty.txt"]));
    }

    [Theory]
    [MemberData(nameof(CommandsOfWholeModels))]
    public async Task A_list_of_prompts_that_is_not_there_is_named(string command) =>
        Assert.Contains(_folder["none.txt"], await Refused(command, "--prompts", _folder["none.txt"]), StringComparison.Ordinal);

    [Theory]
    [InlineData("dataset check", "The image folder ")]
    [InlineData("dataset emoji --output OUT --from", "fetch the packages with eng/fetch-emoji.sh")]
    [InlineData("dataset gallery --output OUT --dataset", "The image folder ")]
    [InlineData("dataset select --gallery models/emoji-lcm/gallery --output OUT --dataset", "The image folder ")]
    [InlineData("dataset select --dataset PICTURES --output OUT --gallery", "Cannot find the gallery")]
    [InlineData("pretrain vae --output OUT --dataset", "The image folder ")]
    public async Task Pictures_that_are_not_there_are_named(string command, string expected)
    {
        var arguments = command.Split(' ').Select(part => part switch { "OUT" => _folder["out"], "PICTURES" => _folder["pictures"], _ => part });
        var error = await CommandLine.RefusedAsync([.. arguments, _folder["nowhere"]]);
        Assert.Contains(_folder["nowhere"], error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder["out"]));
    }

    /// <summary>Numbers that overflow at once are found before anything is written; those of a later update end the run (<see cref="FailingTrainingTests"/>).</summary>
    [Fact]
    public async Task Numbers_that_overflow_are_found_by_the_startup_check()
    {
        var error = await Refused("train", "--set", "learningRate=1", "--set", "loraAlpha=1e30");
        Assert.StartsWith("The start-up check failed: expected that log-probabilities agree between sampling and training, found largest difference NaN", error, StringComparison.Ordinal);
        Assert.Contains("lower loraAlpha or learningRate", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluation_prompts_are_checked_as_well()
    {
        File.WriteAllText(_folder["empty.txt"], "\n");
        Assert.Contains("holds no prompt", await Refused("train", "--set", $"evaluationPrompts={_folder["empty.txt"]}"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_folder_with_something_in_it_is_left_alone(string command)
    {
        Directory.CreateDirectory(_folder["full"]);
        File.WriteAllText(_folder["full/note.txt"], "mine");
        var (code, _, error) = await CommandLine.RunAsync(Arguments(command, _folder["full"]));
        Assert.Equal(ExitCode.UserError, code);
        Assert.Equal($"The output folder {_folder["full"]} is not empty, expected a new or empty one; choose another --output or remove the folder.\n", error);
        Assert.Equal([_folder["full/note.txt"]], Directory.GetFileSystemEntries(_folder["full"]));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_folder_that_cannot_be_made_is_refused(string command)
    {
        File.WriteAllText(_folder["file.txt"], "mine");
        var error = await CommandLine.RefusedAsync(Arguments(command, _folder["file.txt/below"]));
        Assert.StartsWith($"The output folder {_folder["file.txt/below"]} cannot be written: ", error, StringComparison.Ordinal);
        Assert.EndsWith("Choose another --output.", error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder["file.txt"]));
    }

    [Theory]
    [InlineData("samplingBatch=3", "--set samplingBatch, --set imagesPerUpdate: samplingBatch: 8 images per update do not divide into sampling batches of 3; set samplingBatch to 2.")]
    [InlineData("minibatches=3", "--set minibatches, --set imagesPerUpdate: minibatches: 8 images per update do not divide into 3 minibatches; set minibatches to 2.")]
    [InlineData("groupSize=3", "--set groupSize, --set imagesPerUpdate: groupSize: 8 images per update do not divide into groups of 3; set imagesPerUpdate to a multiple of 3.")]
    public async Task A_batch_that_does_not_divide_is_refused_with_one_that_does(string setting, string expected) =>
        Assert.Equal(expected, await Refused("train", "--set", setting));

    [Fact]
    public async Task A_diffusion_model_cannot_stand_for_a_consistency_model()
    {
        Directory.Delete(_model, recursive: true);
        TinyModels.Write(_model, SchedulerConfig.Ddim);
        Assert.Contains("found DDIMScheduler; give an LCM-LoRA (--lcm-lora), distill it first, or tune it by DDPO (--algorithm ddpo)", await Refused("train"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sample")]
    [InlineData("evaluate")]
    public async Task An_adapter_of_another_model_is_refused(string command)
    {
        using (var model = TextToImageModel.Load(_model))
        using (var adapters = LoraAdapters.Create(model.Unet, ["to_q"], rank: 2, alpha: 2, seed: 1))
            PeftAdapter.Save(adapters, _folder["adapter"], new());
        _model = "models/emoji-lcm";
        var error = await Refused(command, "--adapter", _folder["adapter"]);
        Assert.Contains(_folder["adapter"], error, StringComparison.Ordinal);
        Assert.Contains("it was made for another base model", error, StringComparison.Ordinal);
    }

    /// <summary>The one line on standard error; the output must not be there afterwards.</summary>
    private async Task<string> Refused(string command, params string[] more)
    {
        var error = await CommandLine.RefusedAsync([.. Arguments(command, _folder["out"]), .. more]);
        Assert.False(Path.Exists(_folder["out"]), "nothing is half-written");
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Path), path => path.EndsWith(".tmp", StringComparison.Ordinal));
        return error;
    }

    private string[] Arguments(string command, string output) => command switch
    {
        "train" =>
        [
            "train", "--model", _model, "--output", output, "--updates", "1", "--set", "imagesPerUpdate=8", "--set", "samplingBatch=8", "--set", "groupSize=4",
            "--set", "minibatches=1", "--set", "microBatch=8",
        ],
        "sample" => ["sample", "--model", _model, "--output", output, "--prompt", "a cat"],
        "evaluate" => ["evaluate", "--model", _model, "--output", output],
        "pretrain vae" => ["pretrain", "vae", "--from", InModel("vae"), "--output", output, "--dataset", _folder["pictures"]],
        "pretrain teacher" => ["pretrain", "teacher", "--vae", InModel("vae"), "--from", _model, "--output", output, "--dataset", _folder["pictures"]],
        _ => ["distill", "--teacher", _model, "--output", output, "--dataset", _folder["pictures"]],
    };

    private string InModel(string file) => Path.Combine(_model, file);

    private void EditUnet(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(InModel("unet/config.json")))!.AsObject();
        change(config);
        File.WriteAllText(InModel("unet/config.json"), config.ToJsonString());
    }
}

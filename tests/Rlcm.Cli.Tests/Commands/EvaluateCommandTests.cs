using System.Text.Json.Nodes;
using Rlcm.Imaging;
using Rlcm.Tests;
using Rlcm.Tests.Evaluation;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

public sealed class EvaluateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public EvaluateCommandTests()
    {
        _model = TinyModels.Write(_folder["model"]);
        Drawings.Gallery(4).Write(_folder["gallery"]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a flat 1\na cat\n", @"│\s*1\s*│.*│\s+\d+\.\d\d\s*│\s+\d+\.\d\d\s*│")]
    [InlineData("a cat\n", @"│\s*1\s*│.*│\s+-\s*│\s+-\s*│")]
    public async Task Sizes_are_compared_over_the_prompts_that_the_gallery_holds(string prompts, string row)
    {
        DrawLarge();
        File.WriteAllText(_folder["prompts.txt"], prompts);
        var output = await CommandLine.SucceedAsync(
            "evaluate", "--model", _model, "--gallery", _folder["gallery"], "--prompts", _folder["prompts.txt"], "--steps", "1", "--seeds", "1");
        Assert.Matches(row, output);
    }

    [Fact]
    public async Task A_stop_ends_it()
    {
        DrawLarge();
        var (code, output, error) = await CommandLine.RunAsync(null, new CancellationToken(canceled: true), "evaluate", "--model", _model, "--gallery", _folder["gallery"]);
        Assert.Equal((ExitCode.Stopped, "", "Stopped.\n"), (code, output, error));
    }

    [Fact]
    public async Task A_model_of_pictures_that_cannot_be_recognized_is_refused() => Assert.Equal(
        "The model draws pictures of 16x16, expected 64x64, the size of the gallery that they are compared with; measure a model of that size.",
        await CommandLine.RefusedAsync("evaluate", "--model", _model, "--gallery", _folder["gallery"]));

    [Fact]
    public async Task A_dataset_without_a_test_split_is_refused()
    {
        PngFile.Write(_folder["a.png"], Drawings.Batch(Drawings.Rectangles(1)));
        File.WriteAllText(_folder["metadata.jsonl"], """{"file_name":"a.png","text":"a fox","split":"train"}""");
        var error = await CommandLine.RefusedAsync("evaluate", "--model", _model, "--dataset", _folder.Path);
        Assert.StartsWith($"--dataset: expected pictures of the test split in {_folder.Path}, found none; ", error, StringComparison.Ordinal);
    }

    /// <summary>Makes the model draw pictures as large as a gallery's.</summary>
    private void DrawLarge()
    {
        var path = Path.Combine(_model, "unet", "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config["sample_size"] = 16;
        File.WriteAllText(path, config.ToJsonString());
    }
}

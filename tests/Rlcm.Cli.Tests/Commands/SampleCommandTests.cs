using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Synthetic;
using Rlcm.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Cli.Tests.Commands;

public sealed class SampleCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public SampleCommandTests() => _model = TinyModels.Write(_folder["model"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_prompt_becomes_one_picture()
    {
        var output = await CommandLine.SucceedAsync("sample", "--model", _model, "--prompt", "a cat", "--output", _folder["new/cat.png"]);
        Assert.Equal($"Wrote 1 picture to {_folder["new/cat.png"]}.\n", output);
        Assert.Equal((16, 16), SizeOf("new/cat.png"));
    }

    [Fact]
    public async Task A_diffusion_model_draws_by_DDIM_with_as_much_noise_as_asked_for()
    {
        var model = TinyModels.Write(_folder["diffusion"], SchedulerConfig.Ddim);
        foreach (var (name, eta) in ((string, string)[])[("plain", "0"), ("noisy", "1")])
            await CommandLine.SucceedAsync("sample", "--model", model, "--prompt", "a cat", "--steps", "3", "--eta", eta, "--output", _folder[$"{name}.png"]);
        await CommandLine.SucceedAsync("sample", "--model", model, "--prompt", "a cat", "--steps", "3", "--output", _folder["default.png"]);
        Assert.Equal(PngFile.Read(_folder["plain.png"]).Pixels, PngFile.Read(_folder["default.png"]).Pixels);
        Assert.NotEqual(PngFile.Read(_folder["plain.png"]).Pixels, PngFile.Read(_folder["noisy.png"]).Pixels);
        Assert.Equal(
            "--eta: expected a diffusion model, whose DDIM steps it gives noise, found a consistency model; leave --eta out.",
            await CommandLine.RefusedAsync("sample", "--model", _model, "--prompt", "a cat", "--eta", "0.5", "--output", _folder["other.png"]));
    }

    [Fact]
    public async Task Several_pictures_become_a_grid_with_a_row_per_prompt()
    {
        File.WriteAllText(_folder["prompts.txt"], "a dog\n");
        await CommandLine.SucceedAsync("sample", "--model", _model, "--prompt", "a cat", "--prompts", _folder["prompts.txt"], "--count", "3", "--steps", "1", "--output", _folder["grid.png"]);
        Assert.Equal((2 * 16, 3 * 16), SizeOf("grid.png"));
    }

    [Fact]
    public async Task Without_a_file_name_every_picture_gets_a_file_in_a_new_folder()
    {
        var output = await CommandLine.SucceedAsync("sample", "--model", _model, "--prompt", "a cat", "--count", "2", "--output", _folder["pictures"]);
        Assert.Equal($"Wrote 2 files to {_folder["pictures"]}.\n", output);
        Assert.Equal(["0000.png", "0001.png"], Directory.GetFiles(_folder["pictures"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.NotEqual(PngFile.Read(_folder["pictures/0000.png"]).Pixels, PngFile.Read(_folder["pictures/0001.png"]).Pixels);
    }

    [Fact]
    public async Task The_same_seed_draws_the_same_picture_over_an_earlier_one()
    {
        string[] arguments = ["sample", "--model", _model, "--prompt", "a cat", "--output", _folder["cat.png"]];
        await CommandLine.SucceedAsync(arguments);
        var first = PngFile.Read(_folder["cat.png"]).Pixels;
        await CommandLine.SucceedAsync([.. arguments, "--seed", "2"]);
        Assert.NotEqual(first, PngFile.Read(_folder["cat.png"]).Pixels);
        await CommandLine.SucceedAsync(arguments);
        Assert.Equal(first, PngFile.Read(_folder["cat.png"]).Pixels);
    }

    [Fact]
    public async Task A_stop_writes_nothing()
    {
        var (code, _, error) = await CommandLine.RunAsync(null, new CancellationToken(canceled: true), "sample", "--model", _model, "--prompt", "a cat", "--output", _folder["cat.png"]);
        Assert.Equal((ExitCode.Stopped, "Stopped.\n"), (code, error));
        NothingWritten();
    }

    [Fact]
    public async Task A_format_that_is_not_written_is_refused()
    {
        Assert.Equal(
            $"--output: expected F.png or a folder, found {_folder["cat.jpg"]}; pictures are written as PNG.",
            await CommandLine.RefusedAsync("sample", "--model", _model, "--prompt", "a cat", "--output", _folder["cat.jpg"]));
        Assert.False(Path.Exists(_folder["cat.jpg"]));
    }

    [Theory]
    [InlineData("--steps", "0", "a whole number of at least 1 and at most 50, the steps that models were distilled on")]
    [InlineData("--steps", "51", "a whole number of at least 1 and at most 50, the steps that models were distilled on")]
    [InlineData("--count", "0", "a whole number of at least 1")]
    [InlineData("--threads", "0", "a whole number of at least 1 and at most 1024")]
    [InlineData("--threads", "-1", "a whole number of at least 1 and at most 1024")]
    [InlineData("--guidance", "0.5", "a number of at least 1, which is no guidance")]
    public async Task A_number_out_of_range_is_refused_before_the_model_is_loaded(string option, string value, string expected)
    {
        var error = await CommandLine.RefusedAsync("sample", "--model", _folder["none"], "--prompt", "a cat", "--output", _folder["cat.png"], option, value);
        Assert.Equal($"{option}: expected {expected}, found {value}.", error);
        NothingWritten();
    }

    [Fact]
    public async Task Weights_that_are_no_numbers_are_named_and_draw_nothing()
    {
        using var elsewhere = new TemporaryFolder();
        var damaged = SyntheticModel.Write(elsewhere["damaged"], SyntheticShape.Tiny, new());
        using (var scope = NewDisposeScope())
        {
            var path = ModelFolder.Open(damaged).Unet.WeightsPath;
            (string Key, Tensor Value)[] weights;
            using (var file = SafetensorsFile.Open(path))
                weights = [.. file.Keys.Select(key => (key, file.Read(key)))];
            weights.Single(weight => weight.Key == "conv_in.bias").Value.fill_(float.NaN);
            SafetensorsWriter.Write(path, weights);
        }

        var error = await CommandLine.RefusedAsync("sample", "--model", damaged, "--prompt", "a cat", "--output", _folder["cat.png"]);
        Assert.Contains("unet/diffusion_pytorch_model.safetensors: tensor 'conv_in.bias': expected finite numbers, found 8 of 8 NaN or infinite", error, StringComparison.Ordinal);
        NothingWritten();
    }

    [Fact]
    public async Task Without_a_prompt_there_is_nothing_to_draw()
    {
        Assert.StartsWith("There is nothing to draw: expected --prompt TEXT or --prompts FILE", await CommandLine.RefusedAsync("sample", "--output", _folder["cat.png"]), StringComparison.Ordinal);
        NothingWritten();
    }

    [Fact]
    public async Task An_output_that_is_empty_is_refused() =>
        Assert.Equal("--output: expected a file or a folder, found .", await CommandLine.RefusedAsync("sample", "--prompt", "a cat", "--output", ""));

    [Theory]
    [InlineData("file.txt/below/cat.png", "cannot be written")]
    [InlineData("file.txt/pictures", "cannot be written")]
    [InlineData("file.txt", "is a file, expected a folder")]
    [InlineData("full", "is not empty")]
    [InlineData("folder.png", "is a folder, expected a file")]
    public async Task An_output_that_cannot_be_written_is_refused_before_the_model_is_loaded(string output, string expected)
    {
        File.WriteAllText(_folder["file.txt"], "mine");
        Directory.CreateDirectory(_folder["full/inner"]);
        Directory.CreateDirectory(_folder["folder.png"]);
        var before = Everything();
        var error = await CommandLine.RefusedAsync("sample", "--model", _folder["none"], "--prompt", "a cat", "--output", _folder[output]);
        Assert.Contains($"{_folder[output]} {expected}", error, StringComparison.Ordinal);
        Assert.Contains("choose another --output", error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, Everything());
    }

    [Fact]
    public async Task A_missing_adapter_is_named()
    {
        Assert.Contains($"No adapter at {_folder["none"]}", await CommandLine.RefusedAsync("sample", "--model", _model, "--adapter", _folder["none"], "--prompt", "a cat", "--output", _folder["cat.png"]), StringComparison.Ordinal);
        NothingWritten();
    }

    private (int Height, int Width) SizeOf(string file)
    {
        var picture = PngFile.Read(_folder[file]);
        return (picture.Height, picture.Width);
    }

    private void NothingWritten() => Assert.Equal([_model], Directory.GetFileSystemEntries(_folder.Path));

    private string[] Everything() => [.. Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}

using Rlcm.Synthetic;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_is_described()
    {
        var output = await CommandLine.SucceedAsync("inspect", Model());
        Assert.StartsWith("latent consistency model in diffusers layout, with guidance embedding\nscheduler: LCMScheduler\nguidance embedding: yes, 16 wide\n", output, StringComparison.Ordinal);
        Assert.Contains("predicted memory for training, GB (recomputed: gradientCheckpointing)", output, StringComparison.Ordinal);
        Assert.DoesNotContain("conv_in.weight", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_listed_with_types_and_shapes()
    {
        var output = await CommandLine.SucceedAsync("inspect", Model(), "--keys");
        Assert.Contains("\nunet: conv_in.weight F32 [8, 4, 3, 3]\n", output, StringComparison.Ordinal);
        Assert.Contains("\nvae: decoder.conv_in.weight F32 [8, 4, 3, 3]\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_said_and_makes_the_exit_code()
    {
        File.Delete(Path.Combine(Model(), "tokenizer", "merges.txt"));
        var (code, output, error) = await CommandLine.RunAsync("inspect", _folder["model"]);
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith("problem: ", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Contains("merges.txt", error, StringComparison.Ordinal);
        Assert.Contains("unet: diffusion_pytorch_model.safetensors\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_with_brackets_are_names()
    {
        File.Copy(Path.Combine(Model(), "vae", "diffusion_pytorch_model.safetensors"), _folder["vae[ema].safetensors"]);
        Assert.Contains("vae[ema].safetensors", await CommandLine.SucceedAsync("inspect", _folder["vae[ema].safetensors"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_one_sentence() =>
        Assert.StartsWith("There is nothing at ", await CommandLine.RefusedAsync("inspect", _folder["none"]), StringComparison.Ordinal);

    private string Model() => SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new());
}

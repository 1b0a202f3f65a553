using Rlcm.Synthetic;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

public sealed class BenchCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_parts_of_a_model_are_timed()
    {
        var output = await CommandLine.SucceedAsync(["bench", "--model", Model(), "--height", "16", "--width", "16", "--repeats", "1"]);
        string[] parts = ["load the model", "U-Net forward", "U-Net forward + backward", "U-Net forward + backward, recomputing", "VAE decoder", "update of 2 pictures, H = 4, recomputing"];
        Assert.Equal(parts, output.Split('\n').Where(line => line.Contains(": ", StringComparison.Ordinal)).Select(line => line.Split(": ")[0]));
        Assert.Contains("16 x 16, 1 at a time, cpu Float32", output, StringComparison.Ordinal);
        Assert.Matches("U-Net forward +│ [0-9.e-]+ +│ [0-9]+ +│ [0-9]+ % of [0-9]+ +│ [0-9.]+ +│", output);
    }

    [Fact]
    public async Task Parts_are_chosen()
    {
        var output = await CommandLine.SucceedAsync(["bench", "--model", Model(), "--height", "16", "--width", "16", "--repeats", "1", "--parts", "vae", "update", "--keep-activations"]);
        Assert.StartsWith("VAE decoder: ", output, StringComparison.Ordinal);
        Assert.Contains("update of 2 pictures, H = 4: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("U-Net", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--parts", "vea", "--parts: expected one of load, unet, vae, update, found vea; did you mean vae?")]
    [InlineData("--height", "100", "--height: expected a multiple of 8 of at least 8 and at most 4096, found 100.")]
    [InlineData("--batch", "0", "--batch: expected a whole number of at least 1, found 0.")]
    public async Task Mistakes_are_named(string option, string value, string expected) =>
        Assert.Equal(expected, await CommandLine.RefusedAsync("bench", "--model", "nowhere", option, value));

    private string Model() => SyntheticModel.Write(_folder["model"], SyntheticShape.Tiny, new());
}

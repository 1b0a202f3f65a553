using Rlcm.Imaging;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

public sealed class SampleProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_embedded_model_draws_from_any_folder()
    {
        var (code, output, error) = await RlcmProcess.RunAsync("sample", "--prompt", "a flat fox", "--output", _folder["picture.png"]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Equal([$"Wrote 1 picture to {_folder["picture.png"]}."], output);
        var picture = PngFile.Read(_folder["picture.png"]);
        Assert.Equal((64, 64), (picture.Width, picture.Height));
    }

    [Fact]
    public async Task A_mistake_is_one_line_on_standard_error_and_exit_code_2()
    {
        var (code, output, error) = await RlcmProcess.RunAsync("sample", "--prompt", "a flat fox", "--count", "0", "--output", _folder["fox.png"]);
        Assert.Equal((2, "--count: expected a whole number of at least 1, found 0.\n"), (code, error));
        Assert.Empty(output);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }
}

using Rlcm.Cli.Libtorch;
using Rlcm.Runtime;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Libtorch;

/// <summary>What is refused before this process loads anything; what is accepted is tested in processes of their own.</summary>
public sealed class LibtorchChoiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public LibtorchChoiceTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "another libtorch can be used on Linux only");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sample", "--prompt", "a cat", "--output", "cat.png")]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("dataset", "check", "pictures")]
    public async Task Every_command_takes_the_option_and_refuses_a_folder_without_libtorch(params string[] command)
    {
        var error = await CommandLine.RefusedAsync([.. command, "--libtorch", _folder.Path]);
        Assert.StartsWith($"Cannot find libtorch: expected libc10.so, libtorch.so, libtorch_cpu.so in {_folder.Path} or in its folder lib, found none of them; name ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_option_may_stand_before_the_command() =>
        Assert.StartsWith("Cannot find libtorch: expected a folder, found nothing at /nowhere; ", await CommandLine.RefusedAsync("--libtorch", "/nowhere", "sample", "--prompt", "a cat", "--output", "cat.png"), StringComparison.Ordinal);

    [Fact]
    public async Task An_empty_folder_name_is_refused() =>
        Assert.Equal("--libtorch: expected a folder, found nothing; name torch/lib of a PyTorch installation.", await CommandLine.RefusedAsync("train", "--libtorch", ""));

    [Fact]
    public async Task Help_probes_nothing() => await CommandLine.SucceedAsync("train", "--libtorch", "/nowhere", "--help");

    [Theory]
    [InlineData("__version__ = '2.7.1+cu126'", null, "2.7.1+cu126")]
    [InlineData("", "2.10.0", "2.10.0")]
    [InlineData("", null, "(unknown version)")]
    public async Task A_probe_that_fails_is_told_with_the_folder_both_versions_and_what_to_do(string text, string? told, string version)
    {
        var libtorch = Write(text);
        var error = await Assert.ThrowsAsync<UserErrorException>(() => MakeAsync(libtorch, new(told, "matmul on cpu is wrong: expected 1, found 2")));
        Assert.Equal($"libtorch {version} of {_folder["torch/lib"]} failed its probe: matmul on cpu is wrong: expected 1, found 2; expected is version 2.10: name an installation of PyTorch 2.10, or leave --libtorch out.", error.Message);
        Assert.Null(NativeTorch.Chosen);
    }

    private static Task MakeAsync(string libtorch, ProbeResult result) =>
        LibtorchChoice.MakeAsync(libtorch, new(TextWriter.Null, TextWriter.Null, Live: null), (_, _) => Task.FromResult(result), CancellationToken.None);

    private string Write(string version)
    {
        var lib = Directory.CreateDirectory(_folder["torch/lib"]).FullName;
        foreach (var name in (string[])["libc10.so", "libtorch.so", "libtorch_cpu.so"])
            File.WriteAllBytes(Path.Combine(lib, name), []);
        File.WriteAllText(_folder["torch/version.py"], version);
        return _folder["torch"];
    }
}

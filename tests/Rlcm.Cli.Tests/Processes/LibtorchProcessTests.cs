using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary><c>--libtorch</c> as users give it. Another libtorch is not at hand, so copies of the program's own stand for it.</summary>
public sealed class LibtorchProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly OtherLibtorch _other = new();
    private readonly string _model;

    public LibtorchProcessTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "another libtorch can be used on Linux only");
        _model = TinyModels.Write(_folder["model"]);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task All_libraries_come_from_the_named_folder_and_the_version_is_told_first()
    {
        var libtorch = _other.Write();
        string[] small = ["imagesPerUpdate=64", "groupSize=4", "minibatches=1", "microBatch=64", "samplingBatch=64", "evaluateEvery=1000000", "checkpointEvery=1000000"];
        using var run = RlcmProcess.Start(["train", "--libtorch", libtorch, "--model", _model, "--output", _folder["run"], "--updates", "1000000", "--threads", "1", .. small.SelectMany(value => (string[])["--set", value])]);
        Assert.Equal($"libtorch 2.10.0 of {libtorch}", await run.LineAsync(""));
        await run.LineAsync("update 1/1000000 ");

        var mapped = run.MappedFiles.Where(path => Path.GetFileName(path) is var name
            && (name.StartsWith("libtorch", StringComparison.Ordinal) || name.StartsWith("libc10", StringComparison.Ordinal) || name.StartsWith("libgomp", StringComparison.Ordinal)));
        Assert.Equal(Directory.GetFiles(libtorch).Order(StringComparer.Ordinal), mapped.Order(StringComparer.Ordinal));
        Assert.Contains($"\"libtorch\": \"2.10.0 of {libtorch}\"", await File.ReadAllTextAsync(_folder["run/manifest.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_without_libtorch_draws_with_that_of_an_installation()
    {
        var program = _other.CopyProgram();
        Directory.Delete(Path.Combine(program, "libtorch"), recursive: true);
        var (code, output, error) = await SampleAsync(program, _other.Write());
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Equal([$"libtorch 2.10.0 of {_other["torch/lib"]}", $"Wrote 1 picture to {_folder["cat.png"]}."], output);
    }

    [Fact]
    public async Task Another_minor_version_is_a_warning_that_names_both()
    {
        _other.Write();
        await File.WriteAllTextAsync(_other["torch/version.py"], "__version__ = '2.9.1+cu128'\n");
        var (code, output, error) = await SampleAsync(RlcmProcess.Folder, _other["torch"]);
        Assert.Equal(0, code);
        Assert.Equal($"libtorch 2.9.1+cu128 of {_other["torch/lib"]}", output[0]);
        Assert.Equal("Warning: the libtorch in use is 2.9.1+cu128, this program was made for 2.10; its probe passed, but what the probe does not compute may fail or differ.\n", error);
    }

    [Fact]
    public async Task A_damaged_library_ends_the_probe_and_not_the_program()
    {
        var path = Path.Combine(_other.Write(), "libtorch_cpu.so");
        var start = new byte[1_000_000];
        await using (var whole = File.OpenRead(path))
            await whole.ReadExactlyAsync(start);
        File.Delete(path);
        await File.WriteAllBytesAsync(path, start);
        var (code, output, error) = await SampleAsync(RlcmProcess.Folder, _other["torch"]);
        Assert.Equal(2, code);
        Assert.Matches(@$"^libtorch \(unknown version\) of {_other["torch/lib"]} failed its probe: [^\n]+; expected is version 2\.10: name an installation of PyTorch 2\.10, or leave --libtorch out\.\n$", error);
        Assert.Empty(output);
        Assert.False(File.Exists(_folder["cat.png"]));
    }

    [Fact]
    public async Task A_library_that_another_needs_is_missed_by_name()
    {
        var gomp = Assert.Single(Directory.GetFiles(_other.Write(), "libgomp*"));
        File.Delete(gomp);
        var (code, _, error) = await SampleAsync(RlcmProcess.Folder, _other["torch"]);
        Assert.Equal(2, code);
        Assert.Contains($" failed its probe: {Path.GetFileName(gomp)}: cannot open shared object file: No such file or directory; ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_carries_a_libtorch_where_the_runtime_finds_it_takes_no_other()
    {
        var carried = Path.Combine(_other.CopyProgram(), "runtimes", "linux-x64", "native", "libtorch_cpu.so");
        File.Move(Path.Combine(_other["program"], "libtorch", "libtorch_cpu.so"), carried);
        var (code, _, error) = await SampleAsync(_other["program"], _other.Write());
        Assert.Equal((2, $"Another libtorch cannot be used by a program that carries one where .NET loads it, found {carried}; build the program with -p:LibTorch=cpu, or go without.\n"), (code, error));
    }

    [Fact]
    public async Task A_quiet_command_does_not_tell_the_version()
    {
        var (code, output, error) = await RlcmProcess.RunAsync("train", "--quiet", "--libtorch", _other.Write(), "--model", _folder["none"], "--output", _folder["run"]);
        Assert.Equal(2, code);
        Assert.StartsWith("Cannot find ", error, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    private async Task<(int Code, string[] Output, string Error)> SampleAsync(string program, string libtorch)
    {
        using var process = RlcmProcess.StartFrom(program, new Dictionary<string, string>(), "sample", "--libtorch", libtorch, "--model", _model, "--prompt", "a cat", "--output", _folder["cat.png"]);
        return await process.EndAsync();
    }
}

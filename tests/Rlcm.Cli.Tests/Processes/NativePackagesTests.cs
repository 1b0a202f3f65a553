using System.Diagnostics;
using System.Text.Json;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>
/// Which native packages <c>-p:LibTorch</c> references, by evaluating the project: nothing is downloaded, so the gigabytes of CUDA are checked as well.
/// </summary>
public sealed class NativePackagesTests
{
    [Fact]
    public async Task Cpu_is_the_default_and_brings_the_natives_of_the_building_system_alone()
    {
        var (packages, versions, carried) = await EvaluateAsync();
        var system = OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";
        Assert.Equal(["TorchSharp", system], packages);
        Assert.Equal(NativeTorch.ExpectedVersion, versions[system]);
        if (OperatingSystem.IsLinux())
            Assert.Subset(carried.ToHashSet(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal) { "libc10.so", "libgomp-98b21ff3.so.1", "libtorch.so", "libtorch_cpu.so" });
    }

    [Fact]
    public async Task Cuda_brings_the_natives_for_gpus_of_the_same_TorchSharp_and_none_for_the_cpu()
    {
        var (packages, versions, carried) = await EvaluateAsync("-p:LibTorch=cuda");
        string[] natives = OperatingSystem.IsWindows() ? ["TorchSharp-cuda-windows"] : OperatingSystem.IsMacOS() ? [] : ["TorchSharp-cuda-linux"];
        Assert.Equal(["TorchSharp", .. natives], packages);
        Assert.All(natives, name => Assert.Equal(versions["TorchSharp"], versions[name]));
        Assert.Empty(carried);
    }

    [Fact]
    public async Task Anything_else_is_refused()
    {
        var (code, output) = await DotnetAsync("-p:LibTorch=gpu", "-t:CheckLibTorch");
        Assert.Equal(1, code);
        Assert.Contains("LibTorch: expected cpu or cuda, found gpu.", output, StringComparison.Ordinal);
    }

    /// <summary>Names of the packages of TorchSharp and libtorch that the library references, all central versions, and the files of libtorch that programs carry.</summary>
    private static async Task<(string[] Packages, Dictionary<string, string> Versions, string[] Carried)> EvaluateAsync(params string[] properties)
    {
        var (code, output) = await DotnetAsync([.. properties, "-getItem:PackageReference", "-getItem:PackageVersion", "-getItem:CarriedLibtorch"]);
        Assert.True(code == 0, output);
        var items = JsonDocument.Parse(output).RootElement.GetProperty("Items");
        var packages = Names(items, "PackageReference").Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);
        var versions = items.GetProperty("PackageVersion").EnumerateArray().ToDictionary(item => item.GetProperty("Identity").GetString()!, item => item.GetProperty("Version").GetString()!, StringComparer.Ordinal);
        return ([.. packages], versions, [.. Names(items, "CarriedLibtorch").Select(path => Path.GetFileName(path))]);
    }

    private static IEnumerable<string> Names(JsonElement items, string type) =>
        items.GetProperty(type).EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!);

    private static async Task<(int Code, string Output)> DotnetAsync(params string[] arguments)
    {
        var root = new DirectoryInfo(RlcmProcess.Folder);
        while (!File.Exists(Path.Combine(root.FullName, "Rlcm.slnx")))
            root = root.Parent ?? throw new InvalidOperationException($"{RlcmProcess.Folder} is not below Rlcm.slnx.");
        var start = new ProcessStartInfo("dotnet", ["msbuild", Path.Combine(root.FullName, "src", "Rlcm", "Rlcm.csproj"), "-nologo", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}

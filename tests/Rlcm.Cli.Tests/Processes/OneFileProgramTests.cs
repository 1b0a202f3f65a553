using System.Diagnostics;
using Rlcm.Models.Lora;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>Programs of one file with a reward of their own, as users copy them from <c>samples/</c>.</summary>
public sealed class OneFileProgramTests : IDisposable
{
    private const int MostLines = 25;

    private readonly TemporaryFolder _folder = new();

    private static string Root => Path.GetFullPath(Path.Combine(RlcmProcess.Folder, "..", "..", "..", "..", ".."));

    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(Root, "samples"), "*.cs").Select(path => Path.GetFileName(path))];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Samples))]
    public void They_are_short(string name) => Assert.InRange(File.ReadAllLines(Path.Combine(Root, "samples", name)).Length, 10, MostLines);

    [Fact]
    public void The_README_shows_one_as_it_is() =>
        Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Root, "samples", "brightness.cs"))}```", File.ReadAllText(Path.Combine(Root, "README.md")), StringComparison.Ordinal);

    /// <summary>Presets and the embedded model come with the library; a small model is taken here, since many tests run at the same time.</summary>
    [Fact]
    public async Task One_of_them_trains_in_a_folder_far_from_the_projects()
    {
        var stop = TestContext.Current.CancellationToken;
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        var model = TinyModels.Write(_folder["model"]);
        var program = File.ReadAllText(Path.Combine(Root, "samples", "redness.cs"))
            .Replace("../src/Rlcm/Rlcm.csproj", Path.Combine(Root, "src", "Rlcm", "Rlcm.csproj"), StringComparison.Ordinal)
            .Replace("\"updates=10\"", $"\"updates=2\", \"threads=1\", \"model={model}\", \"prompts={_folder["prompts.txt"]}\", \"evaluationPrompts={_folder["prompts.txt"]}\"", StringComparison.Ordinal);
        File.WriteAllText(_folder["redness.cs"], program);

        var configuration = new DirectoryInfo(RlcmProcess.Folder).Parent!.Name;
        var start = new ProcessStartInfo("dotnet", ["run", "-c", configuration, "redness.cs"]) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(stop), process.StandardError.ReadToEndAsync(stop));
        await process.WaitForExitAsync(stop);
        Assert.True(process.ExitCode == 0, await output + await error);
        Assert.Contains("before ", await output, StringComparison.Ordinal);
        Assert.Equal(("redness", 2), (AdapterProvenance.Read(_folder["runs/redness/adapter"]).Task, AdapterProvenance.Read(_folder["runs/redness/adapter"]).Updates));
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "emoji-lcm", "model_index.json")));
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "models", "emoji-clip", "config.json")));
    }
}

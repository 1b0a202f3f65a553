using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Rlcm.Cli.Tests.Processes;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>A killed <c>dotnet run</c> leaves the program behind, which goes on and has the run's folder.</summary>
public sealed partial class OrphanTests : IDisposable
{
    private readonly SmallRun _small = new();

    public void Dispose() => _small.Dispose();

    [Fact]
    public async Task It_is_named_can_be_stopped_in_good_order_and_its_run_continued()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        var build = new DirectoryInfo(RlcmProcess.Folder);
        string[] dotnet = ["run", "--no-build", "-c", build.Parent!.Name, "--project", Path.Combine(build.Parent.Parent!.Parent!.FullName), "--"];
        using (var above = Process.Start(new ProcessStartInfo("dotnet", [.. dotnet, .. _small.Begin("run", updates: 1_000_000)]) { RedirectStandardOutput = true, UseShellExecute = false })!)
        {
            while (await above.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith("update 2/", StringComparison.Ordinal))
            {
            }

            above.Kill();
            await above.WaitForExitAsync();
        }

        var (code, _, error) = await RlcmProcess.RunAsync("train", "--resume", _small["run"], "--updates", "1000");
        Assert.Equal(2, code);
        var named = InUse().Match(error);
        Assert.True(named.Success, error);
        using var orphan = Process.GetProcessById(int.Parse(named.Groups["pid"].Value, CultureInfo.InvariantCulture));
        Assert.Contains(orphan.ProcessName, (string[])["rlcm", "Rlcm.Cli"]);

        using (var kill = Process.Start("kill", [named.Groups["pid"].Value]))
            await kill.WaitForExitAsync();
        await orphan.WaitForExitAsync();
        var done = MetricsFile.Read(RunFolder.Open(_small["run"]).Metrics).Updates[^1].Update;
        (code, var lines, error) = await RlcmProcess.RunAsync("train", "--resume", _small["run"], "--updates", $"{done + 1}");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains($"continuing after update {done}", lines);
    }

    [GeneratedRegex("^The folder .+ is in use by process (?<pid>[0-9]+) on .+; wait until it ends, or have it save and stop \\('kill' with its number\\)\\.\n$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InUse();
}

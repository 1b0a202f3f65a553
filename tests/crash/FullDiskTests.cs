using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Rlcm.Cli.Tests.Processes;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>
/// The real program on a disk that is really too small, a tmpfs; <see cref="DiskFaultTests"/> covers more moments, but by the layer through
/// which files are written.
/// </summary>
public sealed class FullDiskTests : IDisposable
{
    private const int SmallestKilobytes = 4;
    private const int Step = 36;

    private readonly SmallRun _small = new();

    private string Disk => _small["disk"];

    public void Dispose()
    {
        TryRun("umount", Disk);
        _small.Dispose();
    }

    [Fact]
    public async Task A_run_on_a_disk_that_is_too_small_ends_with_one_sentence_and_is_continued_when_there_is_room()
    {
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(OperatingSystem.IsLinux() && TryMount(SmallestKilobytes), "only root can mount a small disk");
        var (code, _, error) = await RlcmProcess.RunAsync(_small.Begin("undisturbed"));
        Assert.True(code == 0, error);
        var expected = RunContent.Of(_small["undisturbed"]);
        var refusals = 0;
        for (var kilobytes = SmallestKilobytes; ; kilobytes += Step)
        {
            TryRun("umount", Disk);
            Assert.True(TryMount(kilobytes));
            (code, _, error) = await RlcmProcess.RunAsync(_small.Begin("disk/run"));
            if (code == 0)
                break;
            refusals++;
            Assert.Equal(2, code);
            Assert.Matches("^The (disk is full|folder .* cannot be written).*No space left on device.*(make room|whether the disk is full)", Assert.Single(error.TrimEnd().Split('\n')));
            Assert.True(TryRun("mount", "-o", "remount,size=16m", Disk));
            (code, _, error) = await RlcmProcess.RunAsync(_small.BeginOrContinue("disk/run"));
            Assert.True(code == 0, $"{kilobytes} kB: {error}");
            RunContent.RequireEqual(expected, _small["disk/run"], $"{kilobytes} kB");
        }

        RunContent.RequireEqual(expected, _small["disk/run"], "it fits");
        Assert.InRange(refusals, 3, 20);
    }

    private bool TryMount(int kilobytes) => TryRun("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={kilobytes}k"), "tmpfs", Disk);

    private static bool TryRun(string program, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // there is no such program
        }
    }
}

using System.Diagnostics;
using Rlcm.Cli.Libtorch;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>What the parent makes of a probe that ends well, badly or not at all; a shell stands for the probe.</summary>
public sealed class ProbeProcessTests
{
    [Theory]
    [InlineData("echo 2.10.0", "2.10.0", null)]
    [InlineData("echo", null, null)]
    [InlineData("echo 'matmul on cpu is wrong: expected 1, found 2.' >&2; exit 2", null, "matmul on cpu is wrong: expected 1, found 2")]
    [InlineData("kill -SEGV $$", null, "it was ended by signal SIGSEGV")]
    [InlineData("kill -ABRT $$", null, "it was ended by signal SIGABRT")]
    [InlineData("echo \"terminate called after throwing an instance of 'c10::Error'\" >&2; echo '  what():  Registered twice' >&2; kill -ABRT $$", null, "it was ended by signal SIGABRT (what():  Registered twice)")]
    [InlineData("echo 'symbol lookup error: undefined symbol: add' >&2; exit 127", null, "it ended with exit code 127 (symbol lookup error: undefined symbol: add)")]
    [InlineData("exit 1", null, "it ended with exit code 1")]
    public async Task The_end_of_the_probe_is_told_in_a_few_words(string script, string? version, string? failure)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no sh");
        Assert.Equal(new ProbeResult(version, failure), await ProbeProcess.RunAsync(["sh", "-c", script], TimeSpan.FromMinutes(1), CancellationToken.None));
    }

    [Fact]
    public async Task A_probe_that_hangs_is_ended_after_a_while()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no sh");
        var watch = Stopwatch.StartNew();
        var result = await ProbeProcess.RunAsync(["sh", "-c", "sleep 300; true"], TimeSpan.FromSeconds(0.5), CancellationToken.None);
        Assert.Equal(new ProbeResult(null, "it was still running after 0.5 s"), result);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_probe_is_ended_when_the_program_is_asked_to_stop()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no sh");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ProbeProcess.RunAsync(["sh", "-c", "sleep 300; true"], TimeSpan.FromMinutes(5), stop.Token));
    }
}

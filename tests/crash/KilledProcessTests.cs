using System.Diagnostics;
using System.Globalization;
using Rlcm.Cli.Tests.Processes;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>
/// The real program, killed (SIGKILL) and continued until it is done. <c>eng/crash-test.sh</c> runs these tests at full
/// length; here they are shorter.
/// </summary>
public sealed class KilledProcessTests : IDisposable
{
    private static readonly int Rounds = CrashSettings.Get("RLCM_CRASH_KILLS", 3);
    private static readonly int Stride = CrashSettings.Get("RLCM_CRASH_STRIDE", 41);
    private static readonly int First = CrashSettings.Get("RLCM_CRASH_FIRST", 1);
    private static readonly int Seed = CrashSettings.Get("RLCM_CRASH_SEED", 1);

    private readonly SmallRun _small = new();

    public void Dispose() => _small.Dispose();

    [Fact]
    public async Task Killed_at_random_moments_it_ends_as_an_undisturbed_run()
    {
        var clock = Stopwatch.StartNew();
        var expected = await UndisturbedAsync();
        var duration = clock.Elapsed;
        var random = new Random(Seed);
        var killed = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            var moments = new List<string>();
            var saved = 0L;
            for (var done = false; !done;)
            {
                using var process = RlcmProcess.Start(_small.BeginOrContinue("run"));
                var delay = random.NextDouble() * (1.2 + moments.Count / 4.0) * duration; // more for each kill, since a busy machine may have become slower
                var code = await process.KillAfterAsync(delay);
                Assert.True(code is null or 0, $"exit code {code}");
                done = code == 0;
                moments.Add(done ? "to the end" : string.Create(CultureInfo.InvariantCulture, $"killed after {delay.TotalSeconds:0.000} s"));
                saved = RunContent.RequireCheckpoint(_small["run"], saved, $"seed {Seed}, round {round}: {string.Join(", ", moments)}");
                killed += done ? 0 : 1;
            }

            RunContent.RequireEqual(expected, _small["run"], $"seed {Seed}, round {round}: {string.Join(", ", moments)}");
            Directory.Delete(_small["run"], recursive: true);
        }

        Assert.True(killed > 0);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} of {Rounds} runs ended as the undisturbed one, {killed} processes were killed");
    }

    [Fact]
    public async Task Killed_before_a_change_of_a_file_it_ends_as_an_undisturbed_run()
    {
        var expected = await UndisturbedAsync();
        var changes = await KilledProcess.CountAsync(_small["count"], _small.Begin("counted"));
        Assert.InRange(changes, 150, 400);
        var saved = 0L; // before the last change that was tried; never less before a later one
        for (var last = First; last <= changes; last += Stride)
        {
            var (code, _, _) = await KilledProcess.RunAsync(last, _small.Begin("run"));
            Assert.Equal(128 + 9, code);
            saved = RunContent.RequireCheckpoint(_small["run"], saved, $"killed before change {last} of {changes}");
            var (continued, _, error) = await RlcmProcess.RunAsync(_small.BeginOrContinue("run"));
            Assert.True(continued == 0, $"killed before change {last}: {error}");
            RunContent.RequireEqual(expected, _small["run"], $"killed before change {last} of {changes}");
            Directory.Delete(_small["run"], recursive: true);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"killed before each change from number {First} to {changes} in steps of {Stride}, and ended as the undisturbed run");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_runs_leave_the_same_bytes(int threads)
    {
        foreach (var name in (string[])["first", "second"])
        {
            // Large enough for libtorch to give each thread its part.
            var (code, _, error) = await RlcmProcess.RunAsync([.. _small.Begin(name, threads, model: "wide"), "--set", "height=64", "--set", "width=64", "--set", "imagesPerUpdate=4", "--set", "microBatch=4", "--set", "samplingBatch=4"]);
            Assert.True(code == 0, error);
        }

        RunContent.RequireEqual(RunContent.Of(_small["first"]), _small["second"], $"{threads} threads");
    }

    private async Task<IReadOnlyDictionary<string, string>> UndisturbedAsync()
    {
        var (code, _, error) = await RlcmProcess.RunAsync(_small.Begin("undisturbed"));
        Assert.True(code == 0, error);
        return RunContent.Of(_small["undisturbed"]);
    }
}

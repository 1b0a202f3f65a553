using Rlcm.Cli.Tests;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>
/// A run ends before each change that it makes to a file, one after another, and is continued. All in one process: what dies is whatever would
/// change files, the clean-up of exceptions included.
/// </summary>
/// <param name="first">The first change before which it ends.</param>
/// <param name="stride">From one such change to the next.</param>
/// <param name="wholeUnet">Whether the whole U-Net is trained, so that models are written and not adapters.</param>
public abstract class EveryChange(int first, int stride, bool wholeUnet = false) : IDisposable
{
    private readonly SmallRun _small = new();

    public void Dispose()
    {
        _small.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_run_that_dies_before_any_change_of_a_file_ends_as_an_undisturbed_one()
    {
        var changes = await RunAsync("undisturbed", (_, _) => { });
        var expected = RunContent.Of(_small["undisturbed"]);
        Assert.Contains(MetricsFile.Read(RunFolder.Open(_small["undisturbed"]).Metrics).Evaluations, line => line.IsBest && line.Update > 0);
        Assert.InRange(changes, 150, wholeUnet ? 800 : 400);
        Assert.Equal(wholeUnet, Directory.Exists(RunFolder.Open(_small["undisturbed"]).Model));
        for (var last = first; last <= changes; last += stride)
        {
            var moment = $"death before change {last} of {changes}";
            var saved = 0;
            await RunAsync("run", (number, change) =>
            {
                if (number == last)
                    moment += $", {change.Kind} of {change.Path}";
                if (number >= last)
                    throw new SimulatedDeath(moment);
                saved += RunContent.SavesCheckpoint(change) ? 1 : 0;
            });
            RunContent.RequireCheckpoint(_small["run"], saved, moment);
            await RunAsync("run", (_, _) => { });
            RunContent.RequireEqual(expected, _small["run"], moment);
            Directory.Delete(_small["run"], recursive: true);
        }
    }

    /// <summary>Begins or continues the run <paramref name="name"/>; returns how many changes there were.</summary>
    private async Task<int> RunAsync(string name, Action<int, FileChange> disturb)
    {
        var changes = 0;
        FileChanges.Announced = change => disturb(++changes, change);
        try
        {
            var (code, _, error) = await CommandLine.RunAsync(_small.BeginOrContinue(name, wholeUnet));
            Assert.True(code == 0 || error.Contains(nameof(SimulatedDeath), StringComparison.Ordinal), error);
            return changes;
        }
        finally
        {
            FileChanges.Announced = null;
        }
    }

    private sealed class SimulatedDeath(string message) : Exception(message);
}

/// <summary>The first, the third, ...; beside the others in time.</summary>
public sealed class OddChangeTests() : EveryChange(first: 1, stride: 2);

/// <summary>The second, the fourth, ...</summary>
public sealed class EvenChangeTests() : EveryChange(first: 2, stride: 2);

/// <summary>Of a run that trains the whole U-Net, whose models take many changes: not every one, unless <c>eng/crash-test.sh</c> asks for it.</summary>
public sealed class WholeUnetChangeTests() : EveryChange(first: 1, CrashSettings.Get("RLCM_CRASH_UNET_STRIDE", 17), wholeUnet: true);

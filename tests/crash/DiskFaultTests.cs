using Rlcm.Checkpoints;
using Rlcm.Cli;
using Rlcm.Cli.Tests;
using Rlcm.Cli.Tests.Processes;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>What a disk does to a run: it is full, it is read-only, its files rot, its folders vanish. The error says so, and the run can be continued.</summary>
public sealed class DiskFaultTests : IDisposable
{
    private const int NoSpace = 28;
    private const int Stride = 13;

    private readonly SmallRun _small = new();

    public void Dispose() => _small.Dispose();

    [Theory]
    [InlineData(28, "No space left on device", "^The (disk is full|folder .* cannot be written).*(make room|check its permissions and whether the disk is full)")] // ENOSPC
    [InlineData(30, "Read-only file system", "^(A file or folder cannot be used|The folder .* cannot be written).*check (that it is there, )?its permissions and")] // EROFS
    public async Task A_disk_that_takes_no_more_ends_the_run_with_what_to_do_and_loses_nothing(int number, string fault, string message)
    {
        var changes = await RunAsync(_small.Begin("undisturbed"), (_, _) => null);
        var expected = RunContent.Of(_small["undisturbed"]);
        for (var first = 1; first <= changes.Count; first += Stride)
        {
            var saved = 0;
            var begun = await RunAsync(_small.Begin("run"), (change, what) =>
            {
                if (change >= first && (number != NoSpace || what.Kind != FileChangeKind.Delete))
                    return new IOException(fault, number);
                saved += RunContent.SavesCheckpoint(what) ? 1 : 0;
                return null;
            });
            Assert.Equal(ExitCode.UserError, begun.Code);
            Assert.Matches($"{message}", Assert.Single(begun.Error.TrimEnd().Split('\n')));
            Assert.Contains(fault, begun.Error, StringComparison.Ordinal);
            RunContent.RequireCheckpoint(_small["run"], saved, $"the disk takes no change from number {first} on");

            var continued = await RunAsync(_small.BeginOrContinue("run"), (_, _) => null);
            Assert.True(continued.Code == 0, $"change {first}: {continued.Error}");
            RunContent.RequireEqual(expected, _small["run"], $"the disk takes no change from number {first} on");
            Directory.Delete(_small["run"], recursive: true);
        }
    }

    [Fact]
    public async Task A_damaged_checkpoint_is_named_and_the_one_before_it_leads_to_the_same_end()
    {
        await RunAsync([.. _small.Begin("run"), "--set", "keepLast=2"], (_, _) => null);
        var expected = RunContent.Of(_small["run"]);
        var path = Path.Combine(RunFolder.Open(_small["run"]).Checkpoints, "000003", "state.safetensors");
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(path, bytes);

        var refused = await RunAsync(["train", "--resume", _small["run"]], (_, _) => null);
        Assert.Equal(ExitCode.UserError, refused.Code);
        Assert.StartsWith($"{path} is damaged: its SHA-256 is ", refused.Error, StringComparison.Ordinal);
        Assert.EndsWith("000002: add --checkpoint 2 to continue from it.\n", refused.Error, StringComparison.Ordinal);

        var continued = await RunAsync(["train", "--resume", _small["run"], "--checkpoint", "2"], (_, _) => null);
        Assert.Equal((0, string.Empty), (continued.Code, continued.Error));
        RunContent.RequireEqual(expected, _small["run"], "continued from the checkpoint before");
    }

    [Fact]
    public async Task A_folder_that_vanishes_is_told_and_the_run_goes_on_where_it_was_when_it_is_back()
    {
        using var process = RlcmProcess.Start(_small.Begin("run", updates: 1_000_000));
        await process.LineAsync("update 3/");
        Directory.Move(_small["run"], _small["elsewhere"]);
        var (code, _, error) = await process.EndAsync();
        Assert.Equal((ExitCode.UserError, 1), (code, error.TrimEnd().Split('\n').Length));
        Assert.StartsWith($"The folder {_small["run"]} was deleted or renamed while it was in use", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_small["run"]));

        Directory.Move(_small["elsewhere"], _small["run"]);
        using var checkpoint = new CheckpointStore(RunFolder.Open(_small["run"]).Checkpoints).Latest();
        var done = checkpoint!.Number;
        Assert.True(done >= 2); // an update is told before it is saved
        var continued = await RunAsync(["train", "--resume", _small["run"], "--updates", $"{done + 1}"], (_, _) => null);
        Assert.Equal((0, string.Empty), (continued.Code, continued.Error));
    }

    /// <summary>Runs the program; <paramref name="fault"/> says with what change number n of a file fails.</summary>
    private static async Task<(int Code, string Error, int Count)> RunAsync(string[] arguments, Func<int, FileChange, Exception?> fault)
    {
        var changes = 0;
        FileChanges.Announced = change =>
        {
            if (fault(++changes, change) is { } error)
                throw error;
        };
        try
        {
            var (code, _, error) = await CommandLine.RunAsync(arguments);
            return (code, error, changes);
        }
        finally
        {
            FileChanges.Announced = null;
        }
    }
}

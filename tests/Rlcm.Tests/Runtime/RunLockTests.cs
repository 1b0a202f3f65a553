using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Who_has_the_folder_is_named_and_when_it_is_free_the_next_one_gets_it()
    {
        Assert.Null(RunLock.HolderOf(_folder.Path));
        using (RunLock.Take(_folder.Path))
        {
            Assert.Equal(
                $"The folder {_folder.Path} is in use by process {Environment.ProcessId} on {Environment.MachineName}; wait until it ends, or have it save and stop ('kill' with its number).",
                Assert.Throws<UserErrorException>(() => RunLock.Take(_folder.Path)).Message);
            Assert.Equal($"process {Environment.ProcessId} on {Environment.MachineName}", RunLock.HolderOf(_folder.Path));
        }

        Assert.Null(RunLock.HolderOf(_folder.Path));
        RunLock.Take(_folder.Path).Dispose();
    }

    [Fact]
    public void The_lock_of_a_dead_process_is_taken_over()
    {
        File.WriteAllText(_folder[".lock"], "");
        File.WriteAllText(_folder[".pid"], "process 1 on elsewhere");
        using var taken = RunLock.Take(_folder.Path);
        Assert.Contains($"process {Environment.ProcessId} ", File.ReadAllText(_folder[".pid"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_gone_is_noticed()
    {
        Directory.CreateDirectory(_folder["run"]);
        using var taken = RunLock.Take(_folder["run"]);
        taken.RequireFolder();
        Directory.Move(_folder["run"], _folder["elsewhere"]);
        Assert.StartsWith($"The folder {_folder["run"]} was deleted or renamed while it was in use", Assert.Throws<UserErrorException>(taken.RequireFolder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_cannot_be_locked() =>
        Assert.StartsWith($"The folder {_folder["none"]} cannot be written (", Assert.Throws<UserErrorException>(() => RunLock.Take(_folder["none"])).Message, StringComparison.Ordinal);
}

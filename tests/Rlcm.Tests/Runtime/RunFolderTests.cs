using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_folder_gets_its_inner_folders()
    {
        var run = RunFolder.Create(_folder["a/b"]);
        Assert.Equal(["checkpoints", "images", "plots", "tensorboard"], Directory.GetFileSystemEntries(run.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_empty_folder_may_be_used()
    {
        Directory.CreateDirectory(_folder["empty"]);
        OutputPath.CheckFolder(_folder["empty"]);
        Assert.True(Directory.Exists(RunFolder.Create(_folder["empty"]).Images));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_refused_and_left_alone()
    {
        File.WriteAllText(_folder["note.txt"], "mine");
        Assert.Contains("not empty", Assert.Throws<UserErrorException>(() => RunFolder.Create(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Only_a_run_can_be_opened()
    {
        Assert.StartsWith("The run is an empty text", Assert.Throws<UserErrorException>(() => RunFolder.Open("")).Message, StringComparison.Ordinal);
        Assert.StartsWith("The adapter is an empty text", Assert.Throws<UserErrorException>(() => AdapterFile.Read("")).Message, StringComparison.Ordinal);
        Assert.Contains("holds no run", Assert.Throws<UserErrorException>(() => RunFolder.Open(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Equal($"There is nothing at {_folder["none"]}, expected the folder of a run; check the path.", Assert.Throws<UserErrorException>(() => RunFolder.Open(_folder["none"])).Message);
        File.WriteAllText(_folder["config.json"], "{}");
        Assert.Equal($"{_folder["config.json"]} is a file, expected the folder of a run; check the path.", Assert.Throws<UserErrorException>(() => RunFolder.Open(_folder["config.json"])).Message);
        Assert.Equal(_folder["config.json"], RunFolder.Open(_folder.Path).Config);
    }

    [Fact]
    public void The_default_name_is_the_task_and_the_time() =>
        Assert.Equal(Path.Combine("runs", "compression-20260102T030405Z"), RunFolder.DefaultPath("compression", new FixedTime()));

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}

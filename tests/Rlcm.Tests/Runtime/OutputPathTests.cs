using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class OutputPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_check_leaves_nothing_behind()
    {
        OutputPath.CheckFolder(_folder["a/b"]);
        OutputPath.CheckFile(_folder["a/b.png"]);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("file.txt", "is a file")]
    [InlineData("file.txt/below", "cannot be written")]
    public void A_path_that_can_be_no_folder_is_refused(string path, string expected)
    {
        File.WriteAllText(_folder["file.txt"], "mine");
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => OutputPath.CheckFolder(_folder[path])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");
        Assert.Contains("cannot be written", Assert.Throws<UserErrorException>(() => OutputPath.CheckFolder("/proc/rlcm/run")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("folder", "is a folder")]
    [InlineData("file.txt/below.png", "cannot be written")]
    public void A_path_that_can_be_no_file_is_refused(string path, string expected)
    {
        File.WriteAllText(_folder["file.txt"], "mine");
        Directory.CreateDirectory(_folder["folder"]);
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => OutputPath.CheckFile(_folder[path])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_there_is_not_new()
    {
        File.WriteAllText(_folder["file.txt"], "mine");
        var error = Assert.Throws<UserErrorException>(() => OutputPath.CheckNewFile(_folder["file.txt"]));
        Assert.Equal($"The output {_folder["file.txt"]} is there already, expected a new file; choose another --output or remove the file.", error.Message);
        OutputPath.CheckNewFile(_folder["other.txt"]);
        Assert.Equal([_folder["file.txt"]], Directory.GetFileSystemEntries(_folder.Path));
    }
}

using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class AtomicWriteTests
{
    private static readonly byte[] Old = [1, 2, 3];

    [Fact]
    public void A_written_file_replaces_the_old_one_and_leaves_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a"], Old);

        AtomicFile.Write(folder["a"], stream => stream.Write([9]));

        Assert.Equal([9], File.ReadAllBytes(folder["a"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_failing_writer_leaves_the_old_file_and_no_temporary()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a"], Old);

        Assert.Throws<IOException>(() => AtomicFile.Write(folder["a"], stream =>
        {
            stream.Write([9]);
            throw new IOException("disk full");
        }));

        Assert.Equal(Old, File.ReadAllBytes(folder["a"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_appears_with_its_files_and_its_parents()
    {
        using var folder = new TemporaryFolder();
        var target = Path.Combine(folder.Path, "x", "y");

        AtomicFolder.Write(target, temporary =>
        {
            Assert.False(Directory.Exists(target));
            Directory.CreateDirectory(Path.Combine(temporary, "inner"));
            File.WriteAllBytes(Path.Combine(temporary, "inner", "f"), Old);
        });

        Assert.Equal(Old, File.ReadAllBytes(Path.Combine(target, "inner", "f")));
        Assert.Single(Directory.GetFileSystemEntries(folder["x"]));
    }

    [Fact]
    public void A_folder_with_content_is_refused_unless_it_may_be_replaced()
    {
        using var folder = new TemporaryFolder();
        AtomicFolder.Write(folder["a"], temporary => File.WriteAllBytes(Path.Combine(temporary, "old"), Old));

        Assert.Throws<UserErrorException>(() => AtomicFolder.Write(folder["a"], _ => Assert.Fail("must not be called")));
        AtomicFolder.Write(folder["a"], temporary => File.WriteAllBytes(Path.Combine(temporary, "new"), Old), replace: true);

        Assert.Equal([Path.Combine(folder["a"], "new")], Directory.GetFileSystemEntries(folder["a"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_replaced_folder_keeps_what_others_put_there_and_loses_what_it_no_longer_has()
    {
        using var folder = new TemporaryFolder();
        AtomicFolder.Replace(folder["a"], temporary => Write(temporary, "part/first", "single"));
        Write(folder["a"], "mine/below/note", "note");
        Directory.CreateSymbolicLink(folder["a/all"], "."); // followed, it would never end
        Directory.CreateDirectory(folder["a/empty"]);
        Directory.CreateDirectory($"{folder["a"]}.{Guid.NewGuid():N}.tmp"); // of a killed process

        AtomicFolder.Replace(folder["a"], temporary => Write(temporary, "part/second", "single"));

        Assert.Equal(".", new FileInfo(folder["a/all"]).LinkTarget);
        Directory.Delete(folder["a/all"]);
        Assert.True(Directory.Exists(folder["a/empty"]));
        string[] expected = ["mine/below/note", "note", "part/second", "single"];
        Assert.Equal(expected, Directory.GetFiles(folder["a"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder["a"], file)).Order(StringComparer.Ordinal));
        Assert.Equal([folder["a"]], Directory.GetFileSystemEntries(folder.Path));

        static void Write(string root, params string[] files)
        {
            foreach (var file in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, file))!);
                File.WriteAllBytes(Path.Combine(root, file), Old);
            }
        }
    }

    [Fact]
    public void A_file_is_no_folder_to_write()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a"], Old);
        Assert.Contains("is a file", Assert.Throws<UserErrorException>(() => AtomicFolder.Write(folder["a"], _ => { }, replace: true)).Message, StringComparison.Ordinal);
        Assert.Equal(Old, File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void A_failing_fill_leaves_the_old_folder_and_no_temporary()
    {
        using var folder = new TemporaryFolder();
        AtomicFolder.Write(folder["a"], temporary => File.WriteAllBytes(Path.Combine(temporary, "old"), Old));

        Assert.Throws<IOException>(() => AtomicFolder.Write(folder["a"], _ => throw new IOException("disk full"), replace: true));

        Assert.Equal(Old, File.ReadAllBytes(Path.Combine(folder["a"], "old")));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }
}

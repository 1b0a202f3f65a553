using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class LeftoversTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_being_filled_goes_and_what_was_being_replaced_comes_back_where_nothing_took_its_place()
    {
        Folder(Leftovers.NamesFor(_folder["filled"]).Temporary);
        File.WriteAllText(Leftovers.NamesFor(_folder["file.json"]).Temporary, "{");
        Folder(Leftovers.NamesFor(_folder["lost"]).Replaced);
        Folder(_folder["there"], "new");
        Folder(Leftovers.NamesFor(_folder["there"]).Replaced);

        Leftovers.CleanUp(_folder.Path);

        Assert.Equal([_folder["lost"], _folder["there"]], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal("old", File.ReadAllText(Path.Combine(_folder["lost"], "content")));
        Assert.Equal("new", File.ReadAllText(Path.Combine(_folder["there"], "content")));
    }

    [Fact]
    public void Files_of_users_and_of_other_targets_stay()
    {
        string[] kept = ["notes.old", "draft.tmp", "model.0123456789abcdef0123456789abcde.tmp", "model.0123456789abcdef0123456789abcdef.tmp.txt", "0123456789abcdef0123456789abcdef.tmp"];
        foreach (var name in kept)
            File.WriteAllText(_folder[name], "mine");
        Folder(Leftovers.NamesFor(_folder["other"]).Temporary);

        Leftovers.CleanUp(_folder.Path, target: "run");
        Assert.Equal(kept.Length + 1, Directory.GetFileSystemEntries(_folder.Path).Length);
        Leftovers.CleanUp(_folder.Path);
        Assert.Equal(kept.Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Leftovers.CleanUp(_folder["none"]);
    }

    private static void Folder(string path, string content = "old")
    {
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "content"), content);
    }
}

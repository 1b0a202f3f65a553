using Rlcm.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>Where links cannot be made, as on some systems.</summary>
public sealed class HubCacheTests : IDisposable
{
    private const string Commit = HubStub.Commit;

    private readonly TemporaryFolder _folder = new();
    private readonly HubCache _cache;
    private readonly HubFile _file = new("unet/config.json", 2, new(HubStub.GitSha1("{}"u8.ToArray())));

    public HubCacheTests()
    {
        _cache = new(_folder["models--tiny--model"]) { CreateLink = (_, _) => throw new IOException("A required privilege is not held by the client.") };
        Directory.CreateDirectory(Path.Combine(_cache.Folder, "blobs"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_snapshot_gets_the_file_itself()
    {
        File.WriteAllText(_cache.Partial(_file), "{}");
        _cache.Keep(Commit, _file);
        var path = Path.Combine(_cache.Snapshot(Commit), "unet", "config.json");
        Assert.Equal("{}", File.ReadAllText(path));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.False(File.Exists(_cache.Blob(_file)));
        Assert.True(await _cache.HoldsAsync(Commit, _file, default));
        Assert.Equal(0, _cache.Lacking(Commit, _file));
    }

    [Fact]
    public async Task A_blob_that_was_there_stays()
    {
        File.WriteAllText(_cache.Blob(_file), "{}");
        Assert.True(await _cache.HoldsAsync(Commit, _file, default));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(_cache.Snapshot(Commit), "unet", "config.json")));
        Assert.True(File.Exists(_cache.Blob(_file)));
    }

    [Theory]
    [InlineData("9e26dfeeb6e641a33dae4961196235bdb965b21b")] // git hash-object
    [InlineData("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")] // sha256sum
    public async Task Digests_are_those_of_git_and_of_sha256sum(string expected)
    {
        File.WriteAllText(_folder["file"], "{}");
        Assert.Equal(expected, (await new HubDigest(expected).OfFileAsync(_folder["file"], default)).Hex);
    }

    [Fact]
    public async Task What_is_lacking_is_counted_from_what_has_arrived()
    {
        Assert.Equal(2, _cache.Lacking(Commit, _file));
        File.WriteAllText(_cache.Partial(_file), "{");
        Assert.Equal(1, _cache.Lacking(Commit, _file));
        Assert.False(await _cache.HoldsAsync(Commit, _file, default));
    }
}

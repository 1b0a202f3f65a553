using Rlcm.Checkpoints;
using Rlcm.Datasets;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Runtime;
using Rlcm.Tests.Datasets;
using Xunit;

namespace Rlcm.Tests.Hostile;

/// <summary>Which files of this machine are read is decided by users, not by the data: links of files that data name stay in their folder.</summary>
public sealed class LinkTests : IDisposable
{
    private const string Shard = "w-00001-of-00001.safetensors";

    private readonly TemporaryFolder _folder = new();

    public LinkTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "links need rights on Windows");
        Directory.CreateDirectory(_folder["model"]);
        File.WriteAllText(_folder["model/index.json"], $$"""{"weight_map": {"a": "{{Shard}}"} }""");
        File.WriteAllText(_folder["outside"], "secret");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_shard_that_is_a_link_out_of_the_folder_is_refused()
    {
        Link($"model/{Shard}", "../outside");
        var error = Assert.Throws<FileContentException>(() => ShardIndex.Read(_folder["model/index.json"]));
        Assert.Equal(_folder["model/index.json"], error.Path);
        Assert.Contains($"the shard {Shard} is a link out of the folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_behind_several_links_is_followed_to_its_end()
    {
        Link($"model/{Shard}", "first");
        Link("model/first", _folder["model/second"]);
        Link("model/second", "../model/../outside");
        Assert.Throws<FileContentException>(() => ShardIndex.Read(_folder["model/index.json"]));

        File.Delete(_folder["model/second"]);
        File.WriteAllText(_folder["model/second"], "");
        Assert.Single(ShardIndex.Read(_folder["model/index.json"]).Shards);
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        Link($"model/{Shard}", "back");
        Link("model/back", Shard);
        Assert.Throws<FileContentException>(() => ShardIndex.Read(_folder["model/index.json"]));
    }

    [Fact]
    public void A_folder_that_users_name_may_be_a_link()
    {
        File.WriteAllText(_folder[$"model/{Shard}"], "");
        Link("link", "model");
        Assert.Single(ShardIndex.Read(_folder["link/index.json"]).Shards);
    }

    [Theory]
    [InlineData("models--a--b/blobs", true)]
    [InlineData("models--a--b/refs", false)]
    [InlineData("models--a--c/blobs", false)]
    public void A_snapshot_of_the_Hugging_Face_cache_may_link_to_the_blobs_of_its_repository(string place, bool isFound)
    {
        var snapshot = _folder["models--a--b/snapshots/0123/unet"];
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(_folder[place]);
        File.WriteAllText(_folder[$"{place}/index"], File.ReadAllText(_folder["model/index.json"]));
        File.WriteAllText(_folder[$"{place}/shard"], "");
        Link("models--a--b/snapshots/0123/unet/index.json", _folder[$"{place}/index"]);
        Link($"models--a--b/snapshots/0123/unet/{Shard}", $"../../../../{place}/shard");

        if (isFound)
            Assert.Single(ShardIndex.Read(Path.Combine(snapshot, "index.json")).Shards);
        else
            Assert.Throws<FileContentException>(() => ShardIndex.Read(Path.Combine(snapshot, "index.json")));
    }

    [Fact]
    public void Pictures_that_are_links_out_of_the_folder_are_refused_also_by_a_folder_on_the_way()
    {
        Directory.CreateDirectory(_folder["pictures"]);
        Directory.CreateDirectory(_folder["elsewhere"]);
        EmojiPackages.Png(_folder["pictures/a.png"], 8);
        EmojiPackages.Png(_folder["elsewhere/b.png"], 8);
        Link("pictures/inside.png", "a.png");
        Link("pictures/outside.png", "../elsewhere/b.png");
        Link("pictures/way", "../elsewhere");
        File.WriteAllLines(_folder["pictures/metadata.jsonl"], ((string[])["inside.png", "outside.png", "way/b.png"]).Select(name => $$"""{"file_name":"{{name}}","text":"x"}"""));

        var message = Assert.Throws<FileContentException>(() => ImageFolder.Open(_folder["pictures"])).Message;

        Assert.Contains("has 2 problem(s): line 2: outside.png is a link out of the folder; line 3: way/b.png is a link out of the folder.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_is_not_saved_with_a_tokenizer_that_links_elsewhere()
    {
        using var model = TextToImageModel.Load(TinyModels.Write(_folder["tiny"]));
        Link("tiny/tokenizer/notes.txt", "../../outside");
        var error = Assert.Throws<FileContentException>(() => model.Save(_folder["copy"], TorchSharp.torch.ScalarType.Float32, _folder["tiny/tokenizer"]));
        Assert.StartsWith($"{_folder["tiny/tokenizer/notes.txt"]} is a link out of the tokenizer's folder", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["copy"]));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../elsewhere")]
    [InlineData("/")]
    public void A_revision_of_the_cache_is_the_name_of_a_snapshot(string commit)
    {
        Directory.CreateDirectory(_folder["models--a--b/snapshots/one"]);
        Directory.CreateDirectory(_folder["models--a--b/refs"]);
        Directory.CreateDirectory(_folder["models--a--b/elsewhere"]);
        File.WriteAllText(_folder["models--a--b/refs/main"], commit);
        Assert.Equal(_folder["models--a--b/snapshots/one"], new HubCache(_folder["models--a--b"]).DefaultSnapshot());
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(_folder[name], target);
}

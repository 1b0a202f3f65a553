using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

public sealed class ModelLocationTests : HubFixture
{
    [Fact]
    public void A_plain_folder_is_found_as_it_is() => Assert.Equal(Folder["hub"], ModelLocation.Find(Folder["hub"], Environment));

    [Fact]
    public void A_shipped_model_is_no_name_on_the_Hub() =>
        Assert.Equal(ShippedFiles.Require("models/emoji-lcm", "the model"), ModelLocation.Find("models/emoji-lcm", Environment));

    [Fact]
    public async Task Every_name_of_a_cached_model_leads_to_its_snapshot()
    {
        await FetchAsync();
        foreach (var name in (string[])[HubStub.Repository, $"{HubStub.Repository}@{HubStub.Commit}", Repository, Repository + "/", Snapshot])
        {
            Assert.Equal(Snapshot, ModelLocation.Find(name, Environment));
            Assert.Null(ModelLocation.ToFetch(name, Environment));
        }

        using var model = TextToImageModel.Load(Snapshot);
        Assert.Equal(4, model.Generation.Steps);
    }

    [Fact]
    public void A_name_that_is_not_cached_asks_no_server_and_says_where_it_was_looked_for()
    {
        var error = Assert.Throws<UserErrorException>(() => ModelLocation.Find(HubStub.Repository, Environment));
        Assert.Equal(
            $"Cannot find the model tiny/model: there is no such folder from {Directory.GetCurrentDirectory()} or from {AppContext.BaseDirectory} upwards, "
            + $"and the Hugging Face cache has no {Repository} with the revision main; add --download to fetch it, "
            + $"or download {Hub.Endpoint}/tiny/model/tree/main as a folder and name that as the model.", error.Message);
        Assert.Equal(new HubName("tiny/model", "main"), ModelLocation.ToFetch(HubStub.Repository, Environment));
        Assert.Empty(Hub.Requests);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("./tiny/model")]
    [InlineData("../tiny/model")]
    [InlineData("/tiny/model")]
    [InlineData("a/b/c")]
    [InlineData("tiny/model@../x")]
    [InlineData("tiny--x/model")]
    [InlineData("tiny/model.")]
    [InlineData("tiny model/x")]
    public void Other_text_can_only_be_a_path(string model)
    {
        Assert.Null(ModelLocation.ToFetch(model, Environment));
        Assert.StartsWith($"Cannot find the model {model}: neither from ", Assert.Throws<UserErrorException>(() => ModelLocation.Find(model, Environment)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_leads_nowhere_is_named()
    {
        await FetchAsync();
        var blob = BlobOf(Unet);
        File.Delete(blob);
        foreach (var name in (string[])[HubStub.Repository, Repository, Snapshot])
        {
            var error = Assert.Throws<UserErrorException>(() => ModelLocation.Find(name, Environment));
            Assert.StartsWith($"{Path.Combine(Snapshot, Unet)} is a link to {blob}, which is not there: ", error.Message, StringComparison.Ordinal);
            Assert.EndsWith("add --download, or fetch the file again.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Links_to_what_is_not_needed_may_lead_nowhere()
    {
        await FetchAsync();
        File.CreateSymbolicLink(Path.Combine(Snapshot, "unet", "diffusion_pytorch_model.bin"), "../../../blobs/none");
        Assert.Equal(Snapshot, ModelLocation.Find(HubStub.Repository, Environment));
        Assert.Null(ModelLocation.ToFetch(HubStub.Repository, Environment));
    }

    [Fact]
    public async Task A_snapshot_that_lacks_a_file_is_named_with_it()
    {
        await FetchAsync();
        File.Delete(Path.Combine(Snapshot, Unet));
        Assert.Equal(
            $"{Snapshot}, the model tiny/model in the Hugging Face cache, lacks {Unet}; fetch it with --download.",
            Assert.Throws<UserErrorException>(() => ModelLocation.Find(HubStub.Repository, Environment)).Message);
        Assert.NotNull(ModelLocation.ToFetch(HubStub.Repository, Environment));
    }

    [Fact]
    public async Task A_cache_folder_without_a_default_revision_has_to_be_clear()
    {
        await FetchAsync($"{HubStub.Repository}@{HubStub.Commit}");
        Assert.Equal(Snapshot, ModelLocation.Find(Repository, Environment));
        Directory.CreateDirectory(Path.Combine(Repository, "snapshots", "another"));
        Assert.Contains("expected refs/main with the name of a folder in snapshots, or a single folder there, found neither", Assert.Throws<UserErrorException>(() => ModelLocation.Find(Repository, Environment)).Message, StringComparison.Ordinal);
    }
}

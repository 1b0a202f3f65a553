using System.Security.Cryptography;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>What is fetched, and how it lies in the cache.</summary>
public sealed class HubDownloaderTests : HubFixture
{
    [Fact]
    public async Task A_fetched_model_is_found_and_loads()
    {
        var folder = await FetchAsync();
        Assert.Equal(Snapshot, folder);
        Assert.Equal(folder, ModelLocation.Find(HubStub.Repository, Environment));
        using var model = TextToImageModel.Load(folder);
        Assert.True(model.HasGuidanceEmbedding);
        Assert.All(Directory.GetFiles(Folder["hub"], "*", SearchOption.AllDirectories), path =>
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(folder, Path.GetRelativePath(Folder["hub"], path)))));
    }

    [Fact]
    public async Task The_cache_is_laid_out_as_other_programs_expect()
    {
        await FetchAsync();
        Assert.Equal(HubStub.Commit, File.ReadAllText(Path.Combine(Repository, "refs", "main")));
        Assert.Equal($"../../../blobs/{Convert.ToHexStringLower(SHA256.HashData(Hub.Content(Unet)))}", new FileInfo(Path.Combine(Snapshot, Unet)).LinkTarget);
        Assert.Equal($"../../blobs/{HubStub.GitSha1(Hub.Content("model_index.json"))}", new FileInfo(Path.Combine(Snapshot, "model_index.json")).LinkTarget);
        Assert.All(Directory.GetFiles(Path.Combine(Repository, "blobs")), blob => Assert.True(HubDigest.IsValid(Path.GetFileName(blob)), blob));
        Assert.Equal([".locks", "models--tiny--model"], Directory.GetDirectories(Folder["cache"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_what_a_model_is_made_of_is_fetched()
    {
        foreach (var name in (string[])["safety_checker/model.safetensors", "feature_extractor/preprocessor_config.json", "unet/model.onnx", "unet/diffusion_pytorch_model.bin", "vae/diffusion_pytorch_model.fp16.safetensors", "whole.safetensors", "README.md"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Folder[$"hub/{name}"])!);
            File.WriteAllText(Folder[$"hub/{name}"], "not needed");
        }

        await FetchAsync();
        string[] expected =
        [
            "generation_config.json", "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/merges.txt", "tokenizer/special_tokens_map.json",
            "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "unet/config.json", Unet, "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
        ];
        Assert.Equal(expected, Hub.ForFiles.Select(request => request.Path[HubStub.PathOf("").Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_there_is_not_fetched_again()
    {
        await FetchAsync();
        Hub.Requests.Clear();
        Assert.Equal(Snapshot, await FetchAsync());
        Assert.Empty(Hub.ForFiles);
        Assert.Null(ModelLocation.ToFetch(HubStub.Repository, Environment)); // so that a command would not even ask for the list
    }

    [Fact]
    public async Task A_blob_that_another_program_fetched_is_linked()
    {
        var blob = Path.Combine(Repository, "blobs", Convert.ToHexStringLower(SHA256.HashData(Hub.Content(Unet))));
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        File.WriteAllBytes(blob, Hub.Content(Unet));
        await FetchAsync();
        Assert.Empty(RequestsFor(Unet));
        Assert.Equal(blob, BlobOf(Unet));
    }

    [Theory]
    [InlineData(0)] // another content
    [InlineData(1)] // another length
    public async Task A_damaged_blob_is_fetched_again(int tail)
    {
        await FetchAsync();
        var blob = BlobOf(Unet);
        File.WriteAllBytes(blob, new byte[Hub.Content(Unet).Length + tail]);
        Hub.Requests.Clear();
        await FetchAsync();
        Assert.Equal(HubStub.PathOf(Unet), Assert.Single(Hub.ForFiles).Path);
        Assert.Equal(Hub.Content(Unet), File.ReadAllBytes(blob));
    }

    [Fact]
    public async Task A_link_that_leads_nowhere_is_mended()
    {
        await FetchAsync();
        File.Delete(BlobOf(Unet));
        Assert.Equal(HubName.TryParse(HubStub.Repository), ModelLocation.ToFetch(HubStub.Repository, Environment));
        await FetchAsync();
        Assert.Equal(Hub.Content(Unet), File.ReadAllBytes(Path.Combine(Snapshot, Unet)));
    }

    [Theory]
    [InlineData("v1.0", "revision/v1.0?", "refs/v1.0")]
    [InlineData("refs/pr/1", "revision/refs%2Fpr%2F1?", "refs/refs/pr/1")]
    public async Task Another_revision_gets_a_reference_of_its_own(string revision, string asked, string reference)
    {
        var name = $"{HubStub.Repository}@{revision}";
        Assert.Equal(await FetchAsync(name), ModelLocation.Find(name, Environment));
        Assert.Contains(asked, Hub.Requests.First().Path, StringComparison.Ordinal);
        Assert.Equal(HubStub.Commit, File.ReadAllText(Path.Combine(Repository, reference)));
        Assert.False(File.Exists(Path.Combine(Repository, "refs", "main")));
    }

    [Fact]
    public async Task A_commit_needs_no_reference()
    {
        var name = $"{HubStub.Repository}@{HubStub.Commit}";
        Assert.Equal(await FetchAsync(name), ModelLocation.Find(name, Environment));
        Assert.False(Directory.Exists(Path.Combine(Repository, "refs")));
    }

    [Fact]
    public async Task Progress_counts_all_files_to_the_end()
    {
        await FetchAsync();
        var total = Directory.GetFiles(Folder["hub"], "*", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);
        Assert.All(Progress, value => Assert.Equal(total, value.Total));
        Assert.Equal(Progress.Select(value => value.Bytes).Order(), Progress.Select(value => value.Bytes));
        Assert.Same(Progress[^1], Assert.Single(Progress, value => value.Bytes == total));
        Assert.Equal(13, Progress.Select(value => value.File).Distinct().Count());
        Assert.All(Progress, value => Assert.Null(value.Trouble));
    }

    [Fact]
    public async Task A_file_that_another_program_fetches_is_left_to_it()
    {
        using var other = new HubCache(Repository).Lock(new(Unet, 1, new(Convert.ToHexStringLower(SHA256.HashData(Hub.Content(Unet))))));
        Assert.Equal($"Another program is fetching {Unet} into {Repository}; wait until it is done and start again.", await RefusedAsync());
    }
}

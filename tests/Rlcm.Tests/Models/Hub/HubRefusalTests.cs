using Rlcm.Models.Hub;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>What the Hub does not give, and whom the token is shown to.</summary>
public sealed class HubRefusalTests : HubFixture
{
    [Theory]
    [InlineData(401, "GatedRepo", "is given to those alone who accepted its terms (HTTP 401): accept the licence on HUB/tiny/model, and set HF_TOKEN to a token of that account that may read it; the present one may not.")]
    [InlineData(403, null, "is given to those alone who accepted its terms (HTTP 403): accept the licence on HUB/tiny/model, and set HF_TOKEN to a token of that account that may read it; the present one may not.")]
    [InlineData(401, "RepoNotFound", "HUB/ shows no model tiny/model@v2 to the owner of HF_TOKEN (HTTP 401): check the name and the token.")]
    [InlineData(404, "RevisionNotFound", "The model tiny/model has no revision v2 (HTTP 404): choose one that HUB/tiny/model shows.")]
    [InlineData(404, "RepoNotFound", "There is no model tiny/model@v2 on HUB/ (HTTP 404): check its name and revision.")]
    [InlineData(418, null, "HUB/ answers HTTP 418 Status for the model tiny/model@v2: check HF_ENDPOINT and whether a proxy answers in its place.")]
    public async Task A_refusal_is_a_sentence_and_not_tried_again(int status, string? reason, string expected)
    {
        Hub.Answer = _ => new(status, []) { Headers = reason is null ? [] : [$"X-Error-Code: {reason}"] };
        Assert.EndsWith(expected.Replace("HUB", Hub.Endpoint, StringComparison.Ordinal), await RefusedAsync("tiny/model@v2"), StringComparison.Ordinal);
        Assert.Single(Hub.Requests);
    }

    [Theory]
    [InlineData(401, null, "shows no model tiny/model without a token (HTTP 401): check the name; if the model is private or gated, accept its licence on HUB/tiny/model and set HF_TOKEN.")]
    [InlineData(403, "GatedRepo", "accept the licence on HUB/tiny/model, and set HF_TOKEN to a token of that account.")]
    public async Task Without_a_token_the_advice_is_to_set_one(int status, string? reason, string expected)
    {
        Hub.Answer = _ => new(status, []) { Headers = reason is null ? [] : [$"X-Error-Code: {reason}"] };
        Environment = new() { Cache = Environment.Cache, Endpoint = Environment.Endpoint };
        Assert.EndsWith(expected.Replace("HUB", Hub.Endpoint, StringComparison.Ordinal), await RefusedAsync(), StringComparison.Ordinal);
        Assert.All(Hub.Requests, request => Assert.Null(request.Authorization));
    }

    [Fact]
    public async Task The_token_is_shown_to_the_Hub_and_to_no_other_host()
    {
        using var elsewhere = new HubStub(Folder["hub"]);
        Change(Unet, (_, _, _) => new(302, []) { Headers = [$"Location: {elsewhere.Endpoint}{HubStub.PathOf(Unet)}"] });
        await FetchAsync();
        Assert.All(Hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
        Assert.Null(Assert.Single(elsewhere.Requests).Authorization);
    }

    [Fact]
    public async Task A_range_survives_a_redirect()
    {
        using var elsewhere = new HubStub(Folder["hub"]);
        Change(Unet, (_, _, _) => new(302, []) { Headers = [$"Location: {elsewhere.Endpoint}{HubStub.PathOf(Unet)}"] });
        var cuts = 0;
        elsewhere.Answer = request => elsewhere.Usual(request) with { CutAfter = cuts++ == 0 ? 1000 : null };
        await FetchAsync();
        Assert.Equal([0, 1000], elsewhere.Requests.Select(request => request.Offset));
        Assert.Equal(2, RequestsFor(Unet).Count()); // the address elsewhere may have expired: the Hub is asked again
    }

    [Fact]
    public async Task A_model_that_was_renamed_is_found_with_the_token()
    {
        Hub.Answer = request => request.Path.Contains("/old/", StringComparison.Ordinal)
            ? new(307, []) { Headers = [$"Location: {request.Path.Replace("/old/name/", $"/{HubStub.Repository}/", StringComparison.Ordinal)}"] }
            : Hub.Usual(request);
        Assert.EndsWith(HubStub.Commit, await FetchAsync("old/name"), StringComparison.Ordinal);
        Assert.All(Hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
    }

    [Fact]
    public async Task An_address_elsewhere_that_has_expired_is_asked_for_again()
    {
        using var elsewhere = new HubStub(Folder["hub"]);
        Change(Unet, (_, _, _) => new(302, []) { Headers = [$"Location: {elsewhere.Endpoint}{HubStub.PathOf(Unet)}"] });
        var count = 0;
        elsewhere.Answer = request => count++ == 0 ? new(403, []) : elsewhere.Usual(request);
        await FetchAsync();
        Assert.Equal(2, RequestsFor(Unet).Count());
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        Hub.Answer = request => new(302, []) { Headers = [$"Location: {request.Path}"] };
        Assert.Contains("redirects more than 8 times", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../../evil")]
    [InlineData("unet/../../../../evil.json")]
    [InlineData("/etc/evil")]
    [InlineData("C:/evil")]
    [InlineData("unet\\..\\evil")]
    [InlineData("unet//config.json")]
    public async Task A_file_name_that_leads_out_of_the_repository_is_refused(string name)
    {
        Hub.Answer = _ => new(200, Hub.Listing((file, entry) => file == "unet/config.json" ? new(entry) { ["rfilename"] = name } : entry));
        var error = await RefusedAsync();
        Assert.Contains($"the file name '{name}' leads out of the repository", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Environment.Cache));
    }

    [Theory]
    [InlineData("blobId", "../../evil", "unet/config.json has no size or checksum")]
    [InlineData("blobId", "0123456789ABCDEF0123456789ABCDEF01234567", "unet/config.json has no size or checksum")]
    [InlineData("size", -1, "unet/config.json has no size or checksum")]
    public async Task A_checksum_that_is_none_is_refused(string key, object value, string expected)
    {
        Hub.Answer = _ => new(200, Hub.Listing((file, entry) => file == "unet/config.json" ? new(entry) { [key] = value } : entry));
        Assert.Contains(expected, await RefusedAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>welcome to the hotel</html>")]
    [InlineData("{}")]
    [InlineData("""{"sha": "../../x", "siblings": []}""")]
    [InlineData("""{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "unet/config.json"}]}""")]
    public async Task Another_answer_than_a_list_of_files_is_refused(string body)
    {
        Hub.Answer = _ => new(200, System.Text.Encoding.UTF8.GetBytes(body));
        Assert.Contains("expected the list of a model's files as the Hugging Face Hub gives it, found something else", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_of_something_else_is_refused_before_anything_is_fetched()
    {
        Directory.Delete(Folder["hub/vae"], recursive: true);
        Assert.Equal("The model tiny/model on the Hugging Face Hub has no vae/config.json: expected a text-to-image model in diffusers layout; choose another.", await RefusedAsync());
        Assert.Empty(Hub.ForFiles);
    }

    [Fact]
    public async Task A_model_that_the_disk_has_no_room_for_is_refused_before_anything_is_fetched()
    {
        Hub.Answer = _ => new(200, Hub.Listing((file, entry) => file == Unet ? new(entry) { ["size"] = 1L << 60 } : entry));
        Assert.Matches($@"^{Repository}: expected 1152921504\.\d\d GB of free space for the model, found \d+\.\d\d GB; free some, or set HF_HUB_CACHE ", await RefusedAsync());
        Assert.Empty(Hub.ForFiles);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_named()
    {
        File.WriteAllText(Environment.Cache, "a file");
        Assert.StartsWith($"The Hugging Face cache {Repository} cannot be written: ", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("huggingface.co")]
    [InlineData("ftp://huggingface.co")]
    public void An_endpoint_that_is_no_address_is_refused(string endpoint)
    {
        var error = Assert.Throws<UserErrorException>(() => new HubDownloader(new() { Cache = Environment.Cache, Endpoint = endpoint }, Time));
        Assert.Equal($"HF_ENDPOINT: expected an address such as https://huggingface.co, found {endpoint}; mend it or unset it.", error.Message);
    }
}

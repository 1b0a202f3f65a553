using Rlcm.Models.Hub;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>A tiny model on a stub of the Hub, and an empty cache.</summary>
public abstract class HubFixture : IDisposable
{
    private protected const string Unet = "unet/diffusion_pytorch_model.safetensors";

    private static readonly Lazy<Dictionary<string, byte[]>> Model = new(ReadModel); // made once, since the tests are many

    private protected HubFixture()
    {
        foreach (var (name, content) in Model.Value)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Folder[$"hub/{name}"])!);
            File.WriteAllBytes(Folder[$"hub/{name}"], content);
        }

        Hub = new(Folder["hub"]);
        Environment = new() { Cache = Folder["cache"], Endpoint = Hub.Endpoint, Token = "hf_secret" };
    }

    private protected TemporaryFolder Folder { get; } = new();

    private protected HubStub Hub { get; }

    private protected HubEnvironment Environment { get; set; }

    private protected ImpatientTime Time { get; } = new();

    private protected List<HubProgress> Progress { get; } = [];

    private protected string Repository => Folder["cache/models--tiny--model"];

    private protected string Snapshot => Path.Combine(Repository, "snapshots", HubStub.Commit);

    public void Dispose()
    {
        Hub.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<string> FetchAsync(string model = HubStub.Repository, Action<HubProgress>? onProgress = null, CancellationToken stop = default)
    {
        using var downloader = new HubDownloader(Environment, Time) { Stall = TimeSpan.FromSeconds(0.3) };
        return await downloader.FetchAsync(HubName.TryParse(model)!.Value, new SynchronousProgress<HubProgress>(value =>
        {
            Progress.Add(value);
            onProgress?.Invoke(value);
        }), stop);
    }

    /// <summary>The one sentence of a refusal, which never holds the token.</summary>
    private protected async Task<string> RefusedAsync(string model = HubStub.Repository)
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => FetchAsync(model));
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain("hf_secret", error.ToString(), StringComparison.Ordinal);
        return error.Message;
    }

    /// <summary>Changes the answers to requests for <paramref name="file"/>: <paramref name="change"/> gets the number of the request, from 0, the request and the usual answer.</summary>
    private protected void Change(string file, Func<int, HubRequest, HubReply, HubReply> change)
    {
        var count = 0;
        Hub.Answer = request => request.Path == HubStub.PathOf(file) ? change(count++, request, Hub.Usual(request)) : Hub.Usual(request);
    }

    private protected IEnumerable<HubRequest> RequestsFor(string file) => Hub.Requests.Where(request => request.Path == HubStub.PathOf(file));

    private protected string BlobOf(string file) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.Combine(Snapshot, file))!, new FileInfo(Path.Combine(Snapshot, file)).LinkTarget!));

    private protected string[] Partials() => Directory.GetFiles(Path.Combine(Repository, "blobs"), "*.incomplete");

    private static Dictionary<string, byte[]> ReadModel()
    {
        using var folder = new TemporaryFolder();
        TinyModels.Write(folder["model"]);
        return Directory.GetFiles(folder["model"], "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(folder["model"], path), File.ReadAllBytes, StringComparer.Ordinal);
    }
}

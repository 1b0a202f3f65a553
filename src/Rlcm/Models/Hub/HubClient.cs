using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>
/// Asks the Hub over HTTP: for the list of a model's files and for one of them. The token goes to the Hub alone, wherever it redirects to;
/// large files come from other hosts.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // until an answer begins

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = Patience };
    private readonly Uri _endpoint;
    private readonly string? _token;

    /// <exception cref="UserErrorException">The address of the Hub is none.</exception>
    public HubClient(HubEnvironment environment)
    {
        if (!Uri.TryCreate(environment.Endpoint, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("https" or "http"))
            throw new UserErrorException($"HF_ENDPOINT: expected an address such as {HubEnvironment.DefaultEndpoint}, found {environment.Endpoint}; mend it or unset it.");
        (_endpoint, _token) = (endpoint, environment.Token);
        _http.DefaultRequestHeaders.UserAgent.Add(new("rlcm", typeof(HubClient).Assembly.GetName().Version!.ToString(3)));
    }

    /// <summary>The files of <paramref name="name"/>.</summary>
    /// <exception cref="UserErrorException">There is no such model, or it is not shown to this user.</exception>
    /// <exception cref="HubUnavailableException">The Hub cannot be reached now.</exception>
    public async Task<HubListing> ListAsync(HubName name, CancellationToken stop)
    {
        var address = Address($"api/models/{name.Repository}/revision/{Uri.EscapeDataString(name.Revision)}?blobs=true");
        using var response = await SendAsync(address, name, offset: 0, stop);
        return HubListing.Parse(await Received(response.Content.ReadAsByteArrayAsync(stop).WaitAsync(Patience, stop), stop), address);
    }

    /// <summary>
    /// Opens a file from byte <paramref name="offset"/> on. The answer is 206, or 200 with the whole file where the server does not give parts,
    /// or 416 where it has no byte there; the caller disposes it.
    /// </summary>
    /// <exception cref="UserErrorException">The file is not given to this user.</exception>
    /// <exception cref="HubUnavailableException">The Hub cannot be reached now.</exception>
    public Task<HttpResponseMessage> OpenAsync(HubName name, string commit, HubFile file, long offset, CancellationToken stop) =>
        SendAsync(Address($"{name.Repository}/resolve/{commit}/{string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString))}"), name, offset, stop);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Uri Address(string path) => new($"{_endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<HttpResponseMessage> SendAsync(Uri address, HubName name, long offset, CancellationToken stop)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (offset > 0)
                request.Headers.Range = new(offset, null);
            if (_token is not null && IsHub(address))
                request.Headers.Authorization = new("Bearer", _token);
            var response = await Received(_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop), stop);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent || (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && offset > 0))
                return response;
            using (response)
            {
                if (response.Headers.Location is not { } target || (int)response.StatusCode is < 300 or >= 400)
                    throw HubRefusal.Of(response, name, _endpoint, _token is not null, IsHub(address));
                address = Follow(address, new(address, target));
            }
        }

        throw new UserErrorException($"{_endpoint} redirects more than {MostRedirects} times for the model {name}; check HF_ENDPOINT.");
    }

    /// <summary>The next address; what began encrypted stays so.</summary>
    private static Uri Follow(Uri from, Uri to) => to.Scheme == Uri.UriSchemeHttps || (to.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp)
        ? to
        : throw new UserErrorException($"{from.GetLeftPart(UriPartial.Path)} redirects to {to.GetLeftPart(UriPartial.Authority)}, expected an https address; check HF_ENDPOINT.");

    private bool IsHub(Uri address) => address.Scheme == _endpoint.Scheme && address.Authority == _endpoint.Authority;

    /// <summary>Awaits something from the network; its failures are the network's.</summary>
    private static async Task<T> Received<T>(Task<T> task, CancellationToken stop)
    {
        try
        {
            return await task;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new HubUnavailableException($"cannot be reached ({error.Message})", cause: error);
        }
        catch (Exception error) when (error is TimeoutException || (error is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new HubUnavailableException($"has not answered for {Patience.TotalSeconds} seconds", cause: error);
        }
    }
}

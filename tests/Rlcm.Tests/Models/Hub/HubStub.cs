using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rlcm.Tests.Models.Hub;

/// <summary>A request as the stub received it.</summary>
/// <param name="Path">Path and query.</param>
/// <param name="Offset">First byte asked for; 0 without a range.</param>
/// <param name="Authorization">The header, or null.</param>
internal sealed record HubRequest(string Path, int Offset, string? Authorization);

/// <summary>What the stub sends back.</summary>
internal sealed record HubReply(int Status, byte[] Body)
{
    /// <summary>Header lines besides the length.</summary>
    public string[] Headers { get; init; } = [];

    /// <summary>After so many bytes of the body the connection ends.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether the connection stays open there instead.</summary>
    public bool Hangs { get; init; }
}

/// <summary>A folder served on this machine as a repository of the Hub, over plain sockets so that connections can be cut anywhere.</summary>
internal sealed partial class HubStub : IDisposable
{
    public const string Repository = "tiny/model";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _folder;
    private readonly Task _serving;

    public HubStub(string folder)
    {
        _folder = folder;
        Answer = Usual;
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Endpoint => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Decides what is sent; by default <see cref="Usual"/>.</summary>
    public Func<HubRequest, HubReply> Answer { get; set; }

    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    /// <summary>Bytes of bodies that were sent, by path.</summary>
    public ConcurrentDictionary<string, int> Sent { get; } = new();

    /// <summary>The requests for files.</summary>
    public IEnumerable<HubRequest> ForFiles => Requests.Where(request => request.Path.Contains("/resolve/", StringComparison.Ordinal));

    public static string PathOf(string file) => $"/{Repository}/resolve/{Commit}/{file}";

    public byte[] Content(string file) => File.ReadAllBytes(Path.Combine(_folder, file));

    /// <summary>The list of files, or the file from the offset on.</summary>
    public HubReply Usual(HubRequest request)
    {
        if (request.Path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
            return new(200, Listing());
        var file = request.Path.Replace(PathOf(""), "", StringComparison.Ordinal);
        if (file == request.Path || !File.Exists(Path.Combine(_folder, file)))
            return new(404, []);
        var content = Content(file);
        return request.Offset == 0 ? new(200, content)
            : request.Offset >= content.Length ? new(416, [])
            : new(206, content[request.Offset..]) { Headers = [$"Content-Range: bytes {request.Offset}-{content.Length - 1}/{content.Length}"] };
    }

    /// <summary>The list of files as the Hub gives it, entries changed by <paramref name="change"/>; weights count as large files.</summary>
    public byte[] Listing(Func<string, Dictionary<string, object>, Dictionary<string, object>>? change = null) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        sha = Commit,
        siblings = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder, path).Replace('\\', '/')).Select(name =>
        {
            var content = Content(name);
            var entry = new Dictionary<string, object> { ["rfilename"] = name, ["size"] = content.Length, ["blobId"] = GitSha1(content) };
            if (name.EndsWith(".safetensors", StringComparison.Ordinal))
                entry["lfs"] = new { sha256 = Convert.ToHexStringLower(SHA256.HashData(content)), size = content.Length, pointerSize = 134 };
            return change?.Invoke(name, entry) ?? entry;
        }),
    });

    /// <summary>As <c>git hash-object</c>.</summary>
    public static string GitSha1(byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _serving.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await ReadAsync(stream) is { } request)
                    await SendAsync(stream, request);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException)
            {
                // the client, or the test, is done
            }
        }
    }

    private async Task<HubRequest?> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
                return null;
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        var head = text.ToString();
        var range = RangeLine().Match(head);
        var authorization = AuthorizationLine().Match(head);
        return new(head.Split(' ')[1], range.Success ? int.Parse(range.Groups["offset"].ValueSpan, CultureInfo.InvariantCulture) : 0, authorization.Success ? authorization.Groups["value"].Value : null);
    }

    private async Task SendAsync(NetworkStream stream, HubRequest request)
    {
        Requests.Enqueue(request);
        var reply = Answer(request);
        var head = string.Join("\r\n", [$"HTTP/1.1 {reply.Status} Status", $"Content-Length: {reply.Body.Length}", "Connection: close", .. reply.Headers, "", ""]);
        var body = reply.Body.AsMemory(0, reply.CutAfter ?? reply.Body.Length);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
        await stream.WriteAsync(body, _stop.Token);
        Sent.AddOrUpdate(request.Path, body.Length, (_, sent) => sent + body.Length);
        if (reply.Hangs)
            await Task.Delay(Timeout.Infinite, _stop.Token);
    }

    [GeneratedRegex("\r\nRange: bytes=(?<offset>[0-9]+)-\r\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RangeLine();

    [GeneratedRegex("\r\nAuthorization: (?<value>[^\r]+)\r\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AuthorizationLine();
}

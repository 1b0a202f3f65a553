using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>A reward server whose next answers are faults, each once; then it answers right: the score of a picture is the number that its prompt is.</summary>
internal sealed class RewardStub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Func<string, string?>> _faults = new();

    private readonly Func<string, string> _right;

    /// <param name="right">The right answer to a body; null: that of this protocol.</param>
    public RewardStub(Func<string, string>? right = null)
    {
        _right = right ?? Right;
        _listener.Start();
        _ = Task.Run(ListenAsync);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Bodies of all requests.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The most requests that were there at once.</summary>
    public int MostAtOnce { get; private set; }

    private int _now;

    /// <summary>How long every right answer takes.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The next answer: the bytes of a response to a body; null: none ever.</summary>
    public void Enqueue(Func<string, string?> answer) => _faults.Enqueue(answer);

    /// <summary>From now on it answers right.</summary>
    public void ForgetFaults() => _faults.Clear();

    public static string Response(int status, string body, string headers = "", int? length = null) =>
        $"HTTP/1.1 {status} X\r\nContent-Length: {length ?? Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n{headers}\r\n{body}";

    /// <summary>The right answer.</summary>
    public static string Right(string body)
    {
        using var request = JsonDocument.Parse(body);
        var scores = request.RootElement.GetProperty("prompts").EnumerateArray().Select(prompt => float.Parse(prompt.GetString()!, CultureInfo.InvariantCulture));
        return Response(200, JsonSerializer.Serialize(new { version = 1, scores }));
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = Task.Run(() => AnswerAsync(client));
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            var body = await ReadBodyAsync(client.GetStream());
            Requests.Enqueue(body);
            lock (_faults)
                MostAtOnce = Math.Max(MostAtOnce, ++_now);
            var answer = _faults.TryDequeue(out var fault) ? fault(body) : await RightAsync(body);
            lock (_faults)
                _now--;
            if (answer is null)
                await Task.Delay(Timeout.Infinite, _stop.Token);
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(answer!), _stop.Token);
        }
    }

    private async Task<string> RightAsync(string body)
    {
        await Task.Delay(Delay, _stop.Token);
        return _right(body);
    }

    private async Task<string> ReadBodyAsync(NetworkStream stream)
    {
        var received = new List<byte>();
        var buffer = new byte[1 << 16];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, _stop.Token);
            received.AddRange(buffer.AsSpan(0, count));
            var text = Encoding.UTF8.GetString([.. received]);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (count == 0 || (head >= 0 && text.Length - head - 4 >= Length(text)))
                return text[(head + 4)..];
        }
    }

    private static int Length(string head) => int.Parse(head.Split("Content-Length: ", 2)[1].Split('\r')[0], CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _listener.Dispose();
        _stop.Cancel(); // not disposed: answers may still wait for it
    }
}

using System.Buffers;
using System.Net;

namespace Rlcm.Models.Hub;

/// <summary>One connection for one file.</summary>
/// <param name="client">The Hub.</param>
/// <param name="model">The model that the file is of.</param>
/// <param name="commit">Its commit.</param>
/// <param name="file">The file.</param>
/// <param name="stall">After how long without a byte the connection counts as broken.</param>
internal sealed class HubTransfer(HubClient client, HubName model, string commit, HubFile file, TimeSpan stall)
{
    private const int Portion = 1 << 20; // bytes

    /// <summary>The model that the file is of.</summary>
    public HubName Model => model;

    /// <summary>Its commit.</summary>
    public string Commit => commit;

    /// <summary>The file.</summary>
    public HubFile File => file;

    /// <summary>Appends to <paramref name="stream"/> what it lacks of the file; starts anew where the server gives no parts.</summary>
    /// <param name="stream">The beginning of the file.</param>
    /// <param name="has">Told how many bytes are there.</param>
    /// <param name="stop">Stops between portions.</param>
    /// <exception cref="HubUnavailableException">The connection broke off; what has arrived is in <paramref name="stream"/>.</exception>
    /// <exception cref="DamagedFileException">The server's file has another size.</exception>
    public async Task RunAsync(FileStream stream, Action<long> has, CancellationToken stop)
    {
        has(stream.Length);
        if (stream.Length == file.Size)
            return;
        using var response = await client.OpenAsync(model, commit, file, stream.Length, stop);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            stream.SetLength(0); // what is there was never of this file
            throw new HubUnavailableException($"has no more of {file.Name}, which is started anew");
        }

        if (response.StatusCode == HttpStatusCode.OK)
            stream.SetLength(0);
        else if (response.Content.Headers.ContentRange?.From != stream.Length)
            throw new HubUnavailableException($"answers with another part of {file.Name} than was asked for");
        if (response.Content.Headers.ContentLength is { } length)
            RequireSize(stream.Length + length, fits: stream.Length + length == file.Size);
        stream.Position = stream.Length;
        await CopyAsync(response.Content, stream, has, stop);
    }

    private async Task CopyAsync(HttpContent content, FileStream stream, Action<long> has, CancellationToken stop)
    {
        using var body = await content.ReadAsStreamAsync(stop);
        var buffer = ArrayPool<byte>.Shared.Rent(Portion);
        try
        {
            while (await ReadAsync(body, buffer, stop) is var read and > 0)
            {
                RequireSize(stream.Length + read, fits: stream.Length + read <= file.Size);
                await stream.WriteAsync(buffer.AsMemory(0, read), stop);
                has(stream.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (stream.Length < file.Size)
            throw new HubUnavailableException($"ended the connection within {file.Name}");
    }

    private async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(stall);
        try
        {
            return await body.ReadAsync(buffer, patience.Token);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new HubUnavailableException($"broke off the connection ({error.Message})", cause: error);
        }
        catch (OperationCanceledException error) when (!stop.IsCancellationRequested)
        {
            throw new HubUnavailableException($"has sent nothing for {stall.TotalSeconds} seconds", cause: error);
        }
    }

    private void RequireSize(long found, bool fits)
    {
        if (!fits)
            throw new DamagedFileException($"{file.Name} of {model} is of another size than the Hub says: expected {file.Size} bytes, found {found}");
    }
}

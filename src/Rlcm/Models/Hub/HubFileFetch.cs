using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>Fetches one file into the cache, over as many connections as it takes.</summary>
/// <param name="transfer">What one connection does.</param>
/// <param name="retries">Tries again.</param>
/// <param name="tally">Told of every portion.</param>
internal sealed class HubFileFetch(HubTransfer transfer, HubRetries retries, HubTally tally)
{
    private readonly HubFile _file = transfer.File;

    /// <summary>Fetches the file, checks it, and only then gives it its name.</summary>
    /// <exception cref="UserErrorException">It cannot be fetched, or is not what the Hub said; then what has arrived is deleted.</exception>
    public async Task RunAsync(HubCache cache, CancellationToken stop)
    {
        var partial = cache.Partial(_file);
        Directory.CreateDirectory(Path.GetDirectoryName(partial)!);
        try
        {
            var stream = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0, useAsync: true);
            await using (stream)
                await ReceiveAsync(stream, stop);
            var found = await _file.Digest.OfFileAsync(partial, stop);
            if (found != _file.Digest)
                throw new DamagedFileException($"{_file.Name} of {transfer.Model} has arrived damaged: expected the {_file.Digest.Kind} {_file.Digest.Hex}, found {found.Hex}");
        }
        catch (DamagedFileException error)
        {
            File.Delete(partial);
            throw new UserErrorException($"{error.Message}; what had arrived of it was deleted, start again to fetch it anew.", error);
        }

        cache.Keep(transfer.Commit, _file);
    }

    private async Task ReceiveAsync(FileStream stream, CancellationToken stop)
    {
        if (stream.Length > _file.Size)
            stream.SetLength(0);
        var farthest = stream.Length;
        while (await retries.RunAsync(BringsMoreAsync, tally.Tell, stop))
            farthest = stream.Length;
        stream.Flush(flushToDisk: true);

        // A connection that breaks off after it has brought something new is no reason to lose patience: another follows at once.
        async Task<bool> BringsMoreAsync(CancellationToken token)
        {
            try
            {
                await transfer.RunAsync(stream, tally.Has, token);
                return false;
            }
            catch (HubUnavailableException) when (stream.Length > farthest)
            {
                return true;
            }
        }
    }
}

/// <summary>A file is not what the Hub said.</summary>
/// <param name="message">What was expected and found, without an end.</param>
internal sealed class DamagedFileException(string message) : Exception(message);

using System.Globalization;
using Rlcm.Runtime;

namespace Rlcm.Models.Hub;

/// <summary>
/// Fetches models from the Hugging Face Hub into its cache, where <see cref="ModelLocation"/> and Python's tools find them. Files gather
/// under the ending <c>.incomplete</c>, are continued after a break, and get their names once size and checksum are those of the Hub.
/// </summary>
public sealed class HubDownloader : IDisposable
{
    private readonly HubEnvironment _environment;
    private readonly HubClient _client;
    private readonly HubRetries _retries;

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="environment">Where the Hub and the cache are.</param>
    /// <param name="time">Measures the waits between tries.</param>
    /// <exception cref="UserErrorException">The address of the Hub is none.</exception>
    public HubDownloader(HubEnvironment environment, TimeProvider time)
    {
        _environment = environment;
        _client = new(environment);
        _retries = new(environment.Endpoint, time);
    }

    /// <summary>After how long without a byte a connection counts as broken.</summary>
    internal TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Fetches the files of a text-to-image model: configurations, tokenizer, schedule and of each network one form of weights. Files that are
    /// there and right are not fetched again. The revision points to the new snapshot when all of it is there.
    /// </summary>
    /// <param name="name">The model.</param>
    /// <param name="progress">Told of every portion, on any thread.</param>
    /// <param name="stop">Stops between portions; what has arrived is kept.</param>
    /// <returns>The snapshot's folder.</returns>
    /// <exception cref="UserErrorException">
    /// The Hub cannot be reached, does not give the model, gives something else than it said, or the cache cannot be written.
    /// </exception>
    public async Task<string> FetchAsync(HubName name, IProgress<HubProgress> progress, CancellationToken stop)
    {
        var cache = HubCache.Of(name, _environment);
        var listing = await _retries.RunAsync(token => _client.ListAsync(name, token), new HubTally(progress, total: 0).Tell, stop);
        var files = Choose(name, listing);
        try
        {
            RequireSpace(cache, files.DistinctBy(file => file.Digest).Sum(file => cache.Lacking(listing.Commit, file)));
            var tally = new HubTally(progress, files.Sum(file => file.Size));
            foreach (var file in files)
            {
                tally.Begin(file);
                using var alone = cache.Lock(file);
                if (await cache.HoldsAsync(listing.Commit, file, stop))
                    tally.Has(file.Size);
                else
                    await new HubFileFetch(new(_client, name, listing.Commit, file, Stall), _retries, tally).RunAsync(cache, stop);
            }

            cache.WriteRef(name, listing.Commit);
            return cache.Snapshot(listing.Commit);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The Hugging Face cache {cache.Folder} cannot be written: {error.Message} Mend that, or set HF_HUB_CACHE to another folder.", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static HubFile[] Choose(HubName name, HubListing listing)
    {
        var choice = ModelFiles.Choose(listing.Files.Select(file => file.Name));
        return choice.Missing is [var missing, ..]
            ? throw new UserErrorException($"The model {name} on the Hugging Face Hub has no {missing}: expected a text-to-image model in diffusers layout; choose another.")
            : [.. choice.Chosen.Select(chosen => listing.Files.First(file => file.Name == chosen))];
    }

    private static void RequireSpace(HubCache cache, long bytes)
    {
        const double gigabyte = 1e9;
        Directory.CreateDirectory(cache.Folder);
        var free = new DriveInfo(cache.Folder).AvailableFreeSpace;
        if (bytes > free)
            throw new UserErrorException(string.Create(CultureInfo.InvariantCulture, $"{cache.Folder}: expected {bytes / gigabyte:0.00} GB of free space for the model, found {free / gigabyte:0.00} GB; free some, or set HF_HUB_CACHE to a folder on another disk."));
    }
}

using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Weights in several files, as one source.</summary>
public sealed class ShardedWeights : ITensorSource
{
    private readonly Dictionary<string, ITensorSource> _sources;

    private ShardedWeights(string path, Dictionary<string, ITensorSource> sources)
    {
        (Path, _sources) = (path, sources);
        Entries = [.. sources.Select(entry => entry.Value[entry.Key])];
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Keys => _sources.Keys;

    /// <inheritdoc/>
    public TensorEntry this[string key] => Source(key)[key];

    /// <summary>Opens all files that the index names.</summary>
    /// <param name="path">The index, <c>*.index.json</c>.</param>
    /// <param name="open">Opens a file.</param>
    /// <exception cref="UserErrorException">The index or a file is missing.</exception>
    /// <exception cref="FileContentException">One is damaged, or they disagree on where a tensor is.</exception>
    public static ShardedWeights Open(string path, Func<string, ITensorSource> open)
    {
        var index = ShardIndex.Read(path);
        var shards = new Dictionary<string, ITensorSource>(StringComparer.Ordinal);
        try
        {
            foreach (var shard in index.Shards)
                shards.Add(shard, open(shard));
            Check(index, shards);
            return new(path, index.FileOf.ToDictionary(entry => entry.Key, entry => shards[entry.Value], StringComparer.Ordinal));
        }
        catch
        {
            Close(shards.Values);
            throw;
        }
    }

    /// <inheritdoc/>
    public Tensor Read(string key) => Source(key).Read(key);

    /// <inheritdoc/>
    public void Dispose() => Close(_sources.Values);

    private ITensorSource Source(string key) => _sources.TryGetValue(key, out var source)
        ? source
        : throw new FileContentException(Path, null, $"{Path} lists no tensor '{key}' among its {_sources.Count}; it belongs to another model.");

    /// <summary>Every tensor is in the file where the index has it, and in no other.</summary>
    private static void Check(ShardIndex index, Dictionary<string, ITensorSource> shards)
    {
        if (index.FileOf.FirstOrDefault(entry => !shards[entry.Value].Keys.Contains(entry.Key)) is { Key: { } absent, Value: var expected })
            throw new FileContentException(index.Path, $"tensor '{absent}'", $"{index.Path}: expected the tensor {absent} in {Name(expected)}, which does not hold it; the index belongs to other files, download both again.");
        foreach (var (path, shard) in shards)
        {
            if (shard.Keys.FirstOrDefault(key => index.FileOf.GetValueOrDefault(key) != path) is { } stray)
                throw new FileContentException(index.Path, $"tensor '{stray}'", $"{index.Path}: {Name(path)} holds the tensor {stray}, expected {(index.FileOf.TryGetValue(stray, out var place) ? $"it in {Name(place)} alone" : "only those of the index")}; the index belongs to other files, download both again.");
        }
    }

    private static string Name(string path) => System.IO.Path.GetFileName(path);

    private static void Close(IEnumerable<ITensorSource> sources)
    {
        foreach (var source in sources.Distinct())
            source.Dispose();
    }
}

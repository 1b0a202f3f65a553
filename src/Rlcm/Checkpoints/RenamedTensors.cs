using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>The tensors of another source under other names: how files of older versions are read.</summary>
public sealed class RenamedTensors : ITensorSource
{
    private readonly ITensorSource _source;
    private readonly Dictionary<string, string> _original = new(StringComparer.Ordinal);

    /// <param name="source">The tensors; disposed with this.</param>
    /// <param name="name">The new name of a key; null leaves the tensor out.</param>
    /// <exception cref="FileContentException">Two tensors get the same name.</exception>
    public RenamedTensors(ITensorSource source, Func<string, string?> name)
    {
        _source = source;
        foreach (var key in source.Keys)
        {
            if (name(key) is { } renamed && !_original.TryAdd(renamed, key))
                throw new FileContentException(source.Path, $"tensor '{key}'", $"{source.Path}: holds {renamed} twice, as {_original[renamed]} and as {key}; download it again.");
        }

        Entries = [.. _original.Select(entry => source[entry.Value] with { Name = entry.Key })];
    }

    /// <inheritdoc/>
    public string Path => _source.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Keys => _original.Keys;

    /// <inheritdoc/>
    public TensorEntry this[string key] => _source[Original(key)] with { Name = key };

    /// <inheritdoc/>
    public Tensor Read(string key) => _source.Read(Original(key));

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private string Original(string key) => _original.TryGetValue(key, out var original)
        ? original
        : throw new FileContentException(Path, null, $"{Path} holds no tensor '{key}' among its {_original.Count}; it belongs to another model or kind of file.");
}

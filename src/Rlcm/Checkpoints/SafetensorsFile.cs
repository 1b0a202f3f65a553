using System.IO.MemoryMappedFiles;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>
/// A memory-mapped safetensors file of any size. Opening reads and checks the header only; each tensor is copied straight from the map.
/// </summary>
/// <remarks>Format: https://github.com/huggingface/safetensors#format.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly string _path;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _data;

    private SafetensorsFile(string path, SafetensorsHeader header, MemoryMappedFile map)
    {
        _path = path;
        _map = map;
        _entries = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        Entries = header.Entries;
        Metadata = header.Metadata;
        _view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
        _data += _view.PointerOffset + header.DataStart;
    }

    /// <summary>The tensors in order of their place in the file.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The names of the tensors.</summary>
    public IReadOnlyCollection<string> Keys => _entries.Keys;

    /// <summary>The free-form text of the header, empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens the file at <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">The file is missing, unreadable, damaged or of unknown element types.</exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var header = SafetensorsHeader.Read(stream, path);
            return new SafetensorsFile(path, header, MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot read the safetensors file {path} ({error.Message}); check the path and its permissions.", error);
        }
    }

    /// <summary>The entry called <paramref name="key"/>.</summary>
    /// <exception cref="UserErrorException">The file holds no such tensor.</exception>
    public SafetensorsEntry this[string key] => _entries.TryGetValue(key, out var entry)
        ? entry
        : throw new UserErrorException($"{_path} holds no tensor '{key}' among its {_entries.Count}; it belongs to another model or kind of file.");

    /// <summary>A new CPU tensor with the values of <paramref name="key"/> in their stored type.</summary>
    /// <exception cref="UserErrorException">The file holds no such tensor.</exception>
    public Tensor Read(string key)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        var entry = this[key];
        var tensor = empty(entry.Shape, entry.Dtype);
        if (entry.ByteCount > 0)
            Buffer.MemoryCopy(_data + entry.Begin, TensorMemory.Pointer(tensor), entry.ByteCount, entry.ByteCount);
        return tensor;
    }

    /// <summary>A new Float32 CPU tensor with the values of <paramref name="key"/>, half precision widened.</summary>
    /// <exception cref="UserErrorException">The file holds no such tensor.</exception>
    public Tensor ReadFloat(string key)
    {
        var stored = Read(key);
        if (stored.dtype == ScalarType.Float32)
            return stored;
        using (stored)
            return stored.to(ScalarType.Float32);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_data is null)
            return;
        _data = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}

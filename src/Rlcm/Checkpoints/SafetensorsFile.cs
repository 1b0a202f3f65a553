using Microsoft.Win32.SafeHandles;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>
/// A safetensors file of any size. Opening reads and checks the header only; each tensor is read straight into its memory, and no page of
/// the file stays in that of the process.
/// </summary>
/// <remarks>Format: https://github.com/huggingface/safetensors#format.</remarks>
public sealed class SafetensorsFile : ITensorSource
{
    private const int ChunkBytes = 1 << 30; // a span ends at 2 GB

    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly SafeFileHandle _file;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafetensorsHeader header, SafeFileHandle file)
    {
        (Path, _file, _dataStart) = (path, file, header.DataStart);
        _entries = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        Entries = header.Entries;
        Metadata = header.Metadata;
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The tensors in order of their place in the file.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <inheritdoc/>
    IReadOnlyList<TensorEntry> ITensorSource.Entries => [.. Entries.Select(entry => entry.Tensor)];

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Keys => _entries.Keys;

    /// <summary>The free-form text of the header, empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens the file at <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">The file is missing or unreadable.</exception>
    /// <exception cref="FileContentException">It is damaged or of unknown element types.</exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new SafetensorsFile(path, SafetensorsHeader.Read(stream, path), File.OpenHandle(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot read the safetensors file {path} ({error.Message}); check the path and its permissions.", error);
        }
    }

    /// <inheritdoc cref="ITensorSource.this"/>
    public SafetensorsEntry this[string key] => _entries.TryGetValue(key, out var entry)
        ? entry
        : throw new FileContentException(Path, null, $"{Path} holds no tensor '{key}' among its {_entries.Count}; it belongs to another model or kind of file.");

    /// <inheritdoc/>
    TensorEntry ITensorSource.this[string key] => this[key].Tensor;

    /// <inheritdoc/>
    public unsafe Tensor Read(string key)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        var entry = this[key];
        var tensor = empty(entry.Shape, entry.Dtype);
        if (entry.ByteCount == 0)
            return tensor;
        var memory = TensorMemory.Pointer(tensor);
        try
        {
            for (long done = 0; done < entry.ByteCount;)
            {
                var span = new Span<byte>(memory + done, (int)Math.Min(ChunkBytes, entry.ByteCount - done));
                var read = RandomAccess.Read(_file, span, _dataStart + entry.Begin + done);
                done += read > 0 ? read : throw new FileContentException(Path, $"tensor '{key}'", $"{Path} became shorter while it was read, at tensor '{key}'; fetch it again.");
            }
        }
        catch (IOException error)
        {
            throw new UserErrorException($"Cannot read tensor '{key}' of {Path} ({error.Message}); check the disk.", error);
        }

        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

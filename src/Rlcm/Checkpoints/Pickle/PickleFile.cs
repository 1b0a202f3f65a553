using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// A file of weights of any size that <c>torch.save</c> wrote (.bin, .ckpt, .pth, .pt) with PyTorch 1.6 or later. Its pickle is followed
/// by an interpreter that knows tensors and plain values alone: nothing is executed, and what asks for more is refused by name. Each
/// tensor is read by itself, straight into its memory.
/// </summary>
/// <remarks>
/// The tensors are those of the dictionary's entry <c>state_dict</c>, where there is one, else of the dictionary itself. Names of
/// dictionaries within are joined by dots; numbers, texts, lists and other values are left out, as are entries whose key is neither text nor
/// whole number. Where a dictionary names a key twice, the last value holds, as in Python. Views come out contiguous, each with values of
/// its own, also where they shared a storage.
/// </remarks>
public sealed class PickleFile : ITensorSource
{
    private readonly TorchArchive _archive;
    private readonly IReadOnlyDictionary<string, StoredTensor> _tensors;
    private readonly Dictionary<string, TensorEntry> _entries;

    private PickleFile(TorchArchive archive, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        (_archive, _tensors) = (archive, tensors);
        Entries = [.. tensors.Select(tensor => new TensorEntry(tensor.Key, tensor.Value.Dtype, tensor.Value.Shape))];
        _entries = Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public string Path => _archive.Path;

    /// <summary>The tensors in the order of the dictionary.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Keys => _entries.Keys;

    /// <inheritdoc/>
    public TensorEntry this[string key] => _entries.TryGetValue(key, out var entry)
        ? entry
        : throw new FileContentException(Path, null, $"{Path} holds no tensor '{key}' among its {_entries.Count}; it belongs to another model or kind of file.");

    /// <summary>Opens the file at <paramref name="path"/>: reads what tensors there are, none of their values.</summary>
    /// <exception cref="UserErrorException">The file is missing or unreadable.</exception>
    /// <exception cref="FileContentException">
    /// It is damaged, of another kind (older than PyTorch 1.6, TorchScript, tar, big-endian), holds elements of
    /// unknown type, or its pickle asks for anything but tensors and plain values.
    /// </exception>
    public static PickleFile Open(string path)
    {
        try
        {
            RequireZip(path);
            var archive = TorchArchive.Open(path);
            try
            {
                return new PickleFile(archive, StateDictionary.Flatten(PickleInterpreter.Read(archive), path, archive.FileBytes));
            }
            catch
            {
                archive.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot read the PyTorch file {path} ({error.Message}); check the path and its permissions.", error);
        }
    }

    /// <inheritdoc/>
    public Tensor Read(string key)
    {
        _ = this[key];
        try
        {
            return _tensors[key].Read(_archive);
        }
        catch (IOException error)
        {
            throw new UserErrorException($"Cannot read tensor '{key}' of {Path} ({error.Message}); check the disk.", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private static void RequireZip(string path)
    {
        using var stream = File.OpenRead(path);
        var start = new byte[TorchFileKind.Bytes];
        TorchFileKind.RequireZip(start.AsSpan(0, stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)), path);
    }
}

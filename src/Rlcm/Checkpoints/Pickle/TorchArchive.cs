using System.Text;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// The zip file that <c>torch.save</c> writes since PyTorch 1.6: one folder with <c>data.pkl</c>, which says what there is, and
/// <c>data/0</c>, <c>data/1</c>, ..., the bytes of the storages.
/// </summary>
/// <remarks>Source: torch/serialization.py (_save, _load) and caffe2/serialize/inline_container.cc of PyTorch.</remarks>
internal sealed class TorchArchive : IDisposable
{
    private const string PickleName = "/data.pkl";
    private const int MaximumKeyDigits = 20; // torch counts storages or, before 1.13, takes their addresses

    private readonly ZipContents _zip;
    private readonly string _folder;

    private TorchArchive(ZipContents zip, string folder) => (_zip, _folder) = (zip, folder);

    /// <summary>The file, for messages.</summary>
    public string Path => _zip.Path;

    /// <summary>Its length.</summary>
    public long FileBytes => _zip.FileBytes;

    /// <summary>Opens the zip file at <paramref name="path"/> and checks that <c>torch.save</c> wrote it on a machine like this one.</summary>
    /// <exception cref="Runtime.UserErrorException">It is damaged or another kind of archive.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TorchArchive Open(string path)
    {
        var zip = ZipContents.Open(path);
        try
        {
            var archive = new TorchArchive(zip, FindFolder(zip));
            archive.RefuseTorchScript();
            archive.RequireLittleEndian();
            return archive;
        }
        catch
        {
            zip.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of <c>data.pkl</c>.</summary>
    public byte[] ReadPickle()
    {
        var entry = _zip.Entries[_folder + PickleName];
        if (entry.ByteCount > PickleLimits.Bytes)
            throw PickleError.Unsupported(Path, $"its data.pkl claims {entry.ByteCount} bytes, more than the {PickleLimits.Bytes} that any file of weights needs");
        var bytes = new byte[entry.ByteCount];
        _zip.Read(entry, 0, bytes);
        return bytes;
    }

    /// <summary>The entry that holds the storage called <paramref name="key"/>, or null; the key is a number, never a path.</summary>
    public ZipEntry? FindStorage(string key)
    {
        if (key.Length is 0 or > MaximumKeyDigits || !key.All(char.IsAsciiDigit) || !_zip.Entries.TryGetValue($"{_folder}/data/{key}", out var entry))
            return null;
        _zip.DataStart(entry);
        return entry;
    }

    /// <inheritdoc cref="ZipContents.Read"/>
    public void Read(ZipEntry storage, long offset, Span<byte> target) => _zip.Read(storage, offset, target);

    /// <inheritdoc/>
    public void Dispose() => _zip.Dispose();

    private static string FindFolder(ZipContents zip)
    {
        string[] pickles = [.. zip.Entries.Keys.Where(name => name.EndsWith(PickleName, StringComparison.Ordinal) && name.IndexOf('/') == name.Length - PickleName.Length)];
        return pickles.Length == 1
            ? pickles[0][..^PickleName.Length]
            : throw PickleError.Unsupported(zip.Path, $"the zip file has {pickles.Length} entries FOLDER{PickleName}, expected one as torch.save writes it");
    }

    private void RefuseTorchScript()
    {
        if (_zip.Entries.Keys.Any(name => name == $"{_folder}/constants.pkl" || name.StartsWith($"{_folder}/code/", StringComparison.Ordinal)))
            throw PickleError.Unsupported(Path, "this is a TorchScript archive, a program with its weights (constants.pkl, code/), expected weights alone");
    }

    private void RequireLittleEndian()
    {
        const string Little = "little";
        if (!_zip.Entries.TryGetValue($"{_folder}/byteorder", out var entry))
            return;
        var bytes = new byte[Math.Min(entry.ByteCount, 2 * Little.Length)];
        _zip.Read(entry, 0, bytes);
        var order = Encoding.UTF8.GetString(bytes);
        if (order != Little)
            throw PickleError.Unsupported(Path, $"its byteorder is '{ReadableText.Quote(order)}', expected '{Little}'");
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>An open zip file of any size, whose entries are read in parts and at any place, also by several threads at once.</summary>
internal sealed class ZipContents : IDisposable
{
    private const uint HeaderSignature = 0x04034b50;
    private const int HeaderBytes = 30;
    private const int ChunkBytes = 1 << 20;

    private readonly SafeFileHandle _file;

    private ZipContents(string path, SafeFileHandle file, IReadOnlyDictionary<string, ZipEntry> entries) =>
        (Path, _file, Entries) = (path, file, entries);

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>All entries by name.</summary>
    public IReadOnlyDictionary<string, ZipEntry> Entries { get; }

    /// <summary>Its length.</summary>
    public long FileBytes => RandomAccess.GetLength(_file);

    /// <summary>Reads the directory of the zip file at <paramref name="path"/>.</summary>
    /// <exception cref="Runtime.UserErrorException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ZipContents Open(string path)
    {
        var file = File.OpenHandle(path);
        try
        {
            return new ZipContents(path, file, ZipDirectory.Read(file, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Where the bytes of <paramref name="entry"/> begin in the file.</summary>
    /// <exception cref="Runtime.UserErrorException">There is no such entry, or it reaches beyond the end of the file.</exception>
    public long DataStart(ZipEntry entry)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (ReadFile(header, entry.HeaderOffset) < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(header) != HeaderSignature)
            throw PickleError.Damaged(Path, $"there is no zip entry at {entry.HeaderOffset}, where '{ReadableText.Quote(entry.Name)}' should be", Place(entry));
        var start = entry.HeaderOffset + HeaderBytes
            + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        return start + entry.StoredBytes <= FileBytes
            ? start
            : throw PickleError.Damaged(Path, $"its zip entry '{ReadableText.Quote(entry.Name)}' of {entry.StoredBytes} bytes at {start} reaches beyond the end of the file", Place(entry));
    }

    /// <summary>Fills <paramref name="target"/> with the bytes of <paramref name="entry"/> from <paramref name="offset"/> on.</summary>
    /// <exception cref="Runtime.UserErrorException">There are not as many, or they are damaged.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public void Read(ZipEntry entry, long offset, Span<byte> target)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (offset > entry.ByteCount - target.Length)
            throw PickleError.Damaged(Path, $"its zip entry '{ReadableText.Quote(entry.Name)}' ends at {entry.ByteCount}, before {offset + target.Length}", Place(entry));
        var start = DataStart(entry);
        if ((entry.IsCompressed ? ReadDeflated(start, offset, target) : ReadFile(target, start + offset)) < target.Length)
            throw PickleError.Damaged(Path, $"its zip entry '{ReadableText.Quote(entry.Name)}' ends early", Place(entry));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static string Place(ZipEntry entry) => $"zip entry '{entry.Name}'";

    private int ReadFile(Span<byte> target, long offset)
    {
        var done = 0;
        while (done < target.Length && RandomAccess.Read(_file, target[done..], offset + done) is > 0 and var read)
            done += read;
        return done;
    }

    private int ReadDeflated(long start, long offset, Span<byte> target)
    {
        using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read);
        file.Position = start;
        using var content = new DeflateStream(file, CompressionMode.Decompress);
        try
        {
            var skipped = new byte[Math.Min(ChunkBytes, offset)];
            while (offset > 0 && content.Read(skipped, 0, (int)Math.Min(skipped.Length, offset)) is > 0 and var read)
                offset -= read;
            return offset > 0 ? 0 : content.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException)
        {
            return 0;
        }
    }
}

using System.IO.Compression;
using Rlcm.Checkpoints;
using Rlcm.Checkpoints.Pickle;

namespace Rlcm.Fuzz.Targets;

/// <summary>Files of <c>torch.save</c>.</summary>
internal static class PickleTargets
{
    private const int MostReadBytes = 1 << 20;

    /// <summary>The whole file: the zip archive, its directory, the pickle in it and the tensors.</summary>
    public static FuzzTarget File { get; } = new("torch-file", "weights.pth", Read);

    /// <summary>The pickle alone, in an archive that is whole.</summary>
    public static FuzzTarget Instructions { get; } = new("pickle", "weights.pth", Read) { Write = WriteArchive };

    private static void Read(string path)
    {
        using var file = PickleFile.Open(path);
        var bytes = file.Entries.Sum(entry => entry.Count * SafetensorsDtype.SizeOf(entry.Dtype));
        if (bytes > Math.Max(PickleLimits.ExpandedBytes, PickleLimits.Expansion * new FileInfo(path).Length))
            throw new InvalidOperationException($"The tensors hold {bytes} bytes.");
        if (bytes > MostReadBytes)
            return;
        foreach (var key in file.Keys)
        {
            using var tensor = file.Read(key);
        }
    }

    private static void WriteArchive(string path, byte[] pickle)
    {
        using var stream = System.IO.File.Create(path);
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create);
        foreach (var (name, content) in ((string, byte[])[])[("archive/data.pkl", pickle), ("archive/data/0", new byte[24]), ("archive/data/1", new byte[8])])
        {
            using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
    }
}

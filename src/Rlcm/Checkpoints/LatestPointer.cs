using System.Text;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary>The file <c>latest</c> beside checkpoints: the number of the one to continue from and the SHA-256 of its checksums.</summary>
/// <param name="root">The folder of all checkpoints.</param>
internal sealed class LatestPointer(string root)
{
    private readonly string _path = Path.Combine(root, "latest");

    /// <summary>Names checkpoint <paramref name="number"/>, which is there.</summary>
    public void Write(long number) => AtomicFile.Write(_path, stream => stream.Write(Encoding.ASCII.GetBytes(Content(number))));

    /// <summary>
    /// The number; null where there is no such file, which a run lacks that was killed before its first, or where it cannot be relied on, for
    /// the reason given, which is the start of a sentence.
    /// </summary>
    public (long? Number, string? Problem) Read()
    {
        if (!File.Exists(_path))
            return (null, null);
        var text = Encoding.UTF8.GetString(UserFile.Read(_path));
        if (CheckpointStore.ParseNumber(text.Split(' ')[0]) is not { } number)
            return (null, $"{_path} says '{Shortened(text)}', expected the number of a checkpoint beside it");
        if (!Directory.Exists(Path.Combine(root, CheckpointStore.NameOf(number))))
            return (null, $"{_path} names the checkpoint {CheckpointStore.NameOf(number)}, which is not there");
        return !File.Exists(ChecksumsOf(number)) || text == Content(number) ? (number, null)
            : (null, $"{_path} and {ChecksumsOf(number)} do not belong together: one of them is damaged");
    }

    private string Content(long number) => $"{CheckpointStore.NameOf(number)} {FileHash.Sha256(ChecksumsOf(number))}\n";

    private string ChecksumsOf(long number) => Path.Combine(root, CheckpointStore.NameOf(number), Checksums.FileName);

    private static string Shortened(string text) => text.Length <= 20 ? text.Trim() : $"{text[..20]}...";
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>
/// The checkpoints of one run: <c>NNNNNN/</c> with <c>state.safetensors</c>, <c>state.json</c> and <c>checksums.json</c>, and the file
/// <c>latest</c>, which names the one to continue from. Each appears whole or not at all.
/// </summary>
/// <remarks>One process writes to a root at a time.</remarks>
public sealed class CheckpointStore
{
    private const string PointerName = "latest";
    private static readonly string[] LeftoverPatterns = ["*" + AtomicFolder.TemporarySuffix, "*" + AtomicFolder.ReplacedSuffix];

    private readonly string _root;
    private readonly int _keepLast;

    /// <param name="root">The folder of all checkpoints; made by the first <see cref="Save"/>.</param>
    /// <param name="keepLast">How many checkpoints stay after a save, at least 1; older ones are deleted.</param>
    public CheckpointStore(string root, int keepLast = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keepLast, 1);
        _root = Path.GetFullPath(root);
        _keepLast = keepLast;
    }

    /// <summary>The numbers of the checkpoints that are there, ascending.</summary>
    public IReadOnlyList<long> Numbers => Directory.Exists(_root)
        ? [.. Directory.EnumerateDirectories(_root).Select(path => ParseNumber(Path.GetFileName(path))).OfType<long>().Order()]
        : [];

    /// <summary>Writes checkpoint <paramref name="number"/>, makes it the latest and deletes the oldest beyond the limit.</summary>
    /// <param name="number">Update or step, from 0; a checkpoint of the same number is replaced.</param>
    /// <param name="tensors">Everything held in tensors, each stored in its own type.</param>
    /// <param name="state">Counters and plain data: any object that System.Text.Json serializes.</param>
    /// <param name="keep">Numbers of checkpoints that stay however old they are.</param>
    public void Save(long number, IReadOnlyDictionary<string, Tensor> tensors, object state, IReadOnlyCollection<long>? keep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        AtomicFolder.Write(FolderOf(number), folder => Fill(folder, tensors, state), replace: true);
        AtomicFile.Write(Path.Combine(_root, PointerName), stream => stream.Write(Encoding.ASCII.GetBytes(NameOf(number))));
        DeleteOldAndLeftovers(number, keep ?? []);
    }

    /// <summary>The checkpoint to continue from, verified; null when the run has none yet.</summary>
    /// <exception cref="UserErrorException">It is missing or damaged; no other one is taken in its place.</exception>
    public LoadedCheckpoint? Latest()
    {
        var pointer = Path.Combine(_root, PointerName);
        if (!File.Exists(pointer))
            return null;
        var name = Encoding.UTF8.GetString(UserFile.Read(pointer)).Trim();
        return ParseNumber(name) is { } number
            ? Load(number)
            : throw new UserErrorException($"{pointer} says '{name}', expected the number of a checkpoint beside it; write there the one to continue from.");
    }

    /// <summary>Checkpoint <paramref name="number"/>, verified.</summary>
    /// <exception cref="UserErrorException">It is missing or damaged.</exception>
    public LoadedCheckpoint Load(long number) => LoadedCheckpoint.Open(FolderOf(number), number);

    private static void Fill(string folder, IReadOnlyDictionary<string, Tensor> tensors, object state)
    {
        SafetensorsWriter.Write(Path.Combine(folder, LoadedCheckpoint.TensorsName), tensors.Select(item => (item.Key, item.Value)));
        using (var stream = File.Create(Path.Combine(folder, LoadedCheckpoint.StateName)))
            JsonSerializer.Serialize(stream, state, state.GetType(), LoadedCheckpoint.StateOptions);
        Checksums.Write(folder);
    }

    private void DeleteOldAndLeftovers(long latest, IReadOnlyCollection<long> keep)
    {
        foreach (var number in Numbers.Where(number => number < latest).Reverse().Skip(_keepLast - 1).Except(keep))
            Directory.Delete(FolderOf(number), recursive: true);
        foreach (var folder in LeftoverPatterns.SelectMany(pattern => Directory.GetDirectories(_root, pattern)))
            Directory.Delete(folder, recursive: true);
    }

    private string FolderOf(long number) => Path.Combine(_root, NameOf(number));

    private static string NameOf(long number) => number.ToString("D6");

    private static long? ParseNumber(string name) => long.TryParse(name, NumberStyles.None, null, out var number) ? number : null;
}

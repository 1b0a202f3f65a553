using System.Globalization;
using System.Text.Json;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>
/// The checkpoints of one run: <c>NNNNNN/</c> with <c>state.safetensors</c>, <c>state.json</c> and <c>checksums.json</c>, and the file
/// <c>latest</c>, which names the one to continue from. Each appears whole or not at all, and is on the disk before <c>latest</c> names it.
/// </summary>
/// <remarks>One process writes to a root at a time.</remarks>
public sealed class CheckpointStore
{
    private readonly string _root;
    private readonly int _keepLast;
    private readonly LatestPointer _latest;
    private bool _isMade;

    /// <param name="root">The folder of all checkpoints; made by the first <see cref="Save"/>.</param>
    /// <param name="keepLast">How many checkpoints stay after a save, at least 1; older ones are deleted.</param>
    public CheckpointStore(string root, int keepLast = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keepLast, 1);
        _root = Path.GetFullPath(root);
        _keepLast = keepLast;
        _latest = new(_root);
    }

    /// <summary>The numbers of the checkpoints that are there, ascending.</summary>
    public IReadOnlyList<long> Numbers => Directory.Exists(_root)
        ? [.. Directory.EnumerateDirectories(_root).Select(path => ParseNumber(Path.GetFileName(path))).OfType<long>().Order()]
        : [];

    /// <summary>The highest of <see cref="Numbers"/>; null where there is none.</summary>
    public long? Newest => Numbers is { Count: > 0 } numbers ? numbers[^1] : null;

    /// <summary>Writes checkpoint <paramref name="number"/>, makes it the latest and deletes the oldest beyond the limit.</summary>
    /// <param name="number">Update or step, from 0; a checkpoint of the same number is replaced.</param>
    /// <param name="tensors">Everything held in tensors, each stored in its own type.</param>
    /// <param name="state">Counters and plain data: any object that System.Text.Json serializes.</param>
    /// <param name="keep">Numbers of checkpoints that stay however old they are.</param>
    public void Save(long number, IReadOnlyDictionary<string, Tensor> tensors, object state, IReadOnlyCollection<long>? keep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        if (!_isMade)
            FileChanges.MakeFolder(_root);
        _isMade = true; // where it is gone later, somebody has renamed it, and none is made in its place
        if (!Directory.Exists(_root))
            throw new DirectoryNotFoundException($"The folder of the checkpoints is gone : '{_root}'");
        AtomicFolder.Write(FolderOf(number), folder => Fill(folder, tensors, state), replace: true);
        _latest.Write(number);
        Prune(number, keep ?? []);
    }

    /// <summary>Deletes the oldest checkpoints beyond the limit, and what a killed process left; <see cref="Save"/> ends with it.</summary>
    /// <param name="latest">The number of the one to continue from.</param>
    /// <param name="keep">Numbers of checkpoints that stay however old they are.</param>
    public void Prune(long latest, IReadOnlyCollection<long> keep)
    {
        foreach (var old in Numbers.Where(other => other < latest).Reverse().Skip(_keepLast - 1).Except(keep))
            Delete(old);
        Leftovers.CleanUp(_root);
    }

    /// <summary>The checkpoint to continue from, verified: the one that <c>latest</c> names, without that file the newest; null when there is none yet.</summary>
    /// <exception cref="UserErrorException">It is missing or damaged; no other one is taken in its place, but the newest whole one is named.</exception>
    public LoadedCheckpoint? Latest()
    {
        var (named, problem) = _latest.Read();
        if (problem is not null)
            throw new UserErrorException($"{problem}; {Offer(except: null)}.");
        return (named ?? Newest) is { } number ? Load(number) : null;
    }

    /// <summary>Checkpoint <paramref name="number"/>, verified.</summary>
    /// <exception cref="UserErrorException">It is missing or damaged; the newest whole one is named.</exception>
    public LoadedCheckpoint Load(long number) => Problem(number) is { } problem
        ? throw new UserErrorException($"{problem}; {Offer(except: number)}.")
        : LoadedCheckpoint.Open(FolderOf(number), number);

    /// <summary>As <see cref="Load"/>; null where it is missing or damaged.</summary>
    internal LoadedCheckpoint? TryLoad(long number) => Problem(number) is null ? LoadedCheckpoint.Open(FolderOf(number), number) : null;

    /// <summary>Makes checkpoint <paramref name="number"/> the latest and deletes those after it, which will be made again.</summary>
    public void GoBackTo(long number)
    {
        _latest.Write(number);
        foreach (var later in Numbers.Where(other => other > number))
            Delete(later);
    }

    private static void Fill(string folder, IReadOnlyDictionary<string, Tensor> tensors, object state)
    {
        SafetensorsWriter.Write(Path.Combine(folder, LoadedCheckpoint.TensorsName), tensors.Select(item => (item.Key, item.Value)));
        AtomicFile.Write(Path.Combine(folder, LoadedCheckpoint.StateName), stream => JsonSerializer.Serialize(stream, state, state.GetType(), LoadedCheckpoint.StateOptions));
        Checksums.Write(folder);
    }

    private string? Problem(long number) => Directory.Exists(FolderOf(number)) ? Checksums.Problem(FolderOf(number)) : $"There is no checkpoint {FolderOf(number)}";

    /// <summary>What to do where a checkpoint cannot be used.</summary>
    private string Offer(long? except)
    {
        long[] whole = [.. Numbers.Reverse().Where(number => number != except && Problem(number) is null).Take(1)];
        return whole is [var newest]
            ? $"the newest one that is whole is {FolderOf(newest)}: add --checkpoint {newest} to continue from it"
            : except is not null && Numbers.Count == 0 ? "there is no other one: leave --checkpoint out" : "no other one is whole: begin a new run";
    }

    /// <summary>At once, so that a part of a checkpoint never bears its name.</summary>
    private void Delete(long number)
    {
        var rubbish = Leftovers.NamesFor(FolderOf(number)).Temporary;
        FileChanges.RenameFolder(FolderOf(number), rubbish);
        FileChanges.Delete(rubbish);
    }

    private string FolderOf(long number) => Path.Combine(_root, NameOf(number));

    internal static string NameOf(long number) => number.ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>The number that is so written in names; null for any other name.</summary>
    internal static long? ParseNumber(string name) => long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && NameOf(number) == name ? number : null;
}

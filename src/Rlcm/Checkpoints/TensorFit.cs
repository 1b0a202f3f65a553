using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Compares the tensors of a file with those that are to take their values, before anything is copied.</summary>
internal static class TensorFit
{
    private const int Reported = 10;

    /// <summary>The missing, unexpected and mis-shaped keys of <paramref name="file"/>, the first ten of each; null where everything fits.</summary>
    /// <param name="file">What is read.</param>
    /// <param name="targets">What is filled.</param>
    /// <param name="ignored">Keys that the file may hold besides.</param>
    public static string? Mismatch(
        ITensorSource file, IReadOnlyDictionary<string, Tensor> targets, IReadOnlySet<string>? ignored = null)
    {
        var missing = targets.Keys.Where(key => !file.Keys.Contains(key));
        var unexpected = file.Keys.Where(key => !targets.ContainsKey(key) && ignored?.Contains(key) != true);
        var misshaped = targets
            .Where(target => file.Keys.Contains(target.Key) && !target.Value.shape.AsSpan().SequenceEqual(file[target.Key].Shape))
            .Select(target => $"{target.Key} (expected [{string.Join(", ", target.Value.shape)}], found [{string.Join(", ", file[target.Key].Shape)}])");
        string[] found = [.. ((string?[])[Describe("missing", missing), Describe("unexpected", unexpected), Describe("mis-shaped", misshaped)]).OfType<string>()];
        return found.Length == 0 ? null : string.Join("; ", found);
    }

    private static string? Describe(string kind, IEnumerable<string> keys)
    {
        string[] all = [.. keys];
        return all.Length == 0 ? null : $"{all.Length} {kind}: {string.Join(", ", all.Take(Reported))}{(all.Length > Reported ? ", ..." : "")}";
    }
}

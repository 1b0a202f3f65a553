using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Compares the tensors of a file with those that are to take their values, before anything is copied.</summary>
internal static class TensorFit
{
    private const int Reported = 10;

    /// <summary>
    /// The missing, unexpected and mis-shaped keys of <paramref name="file"/> and those of another kind of numbers, the first ten of each; null
    /// where everything fits.
    /// </summary>
    /// <param name="file">What is read.</param>
    /// <param name="targets">What is filled.</param>
    public static string? Mismatch(ITensorSource file, IReadOnlyDictionary<string, Tensor> targets)
    {
        var missing = targets.Keys.Where(key => !file.Keys.Contains(key));
        var unexpected = file.Keys.Where(key => !targets.ContainsKey(key));
        (Tensor Target, TensorEntry Found)[] common = [.. targets.Where(target => file.Keys.Contains(target.Key)).Select(target => (target.Value, file[target.Key]))];
        var misshaped = common.Where(pair => !pair.Target.shape.AsSpan().SequenceEqual(pair.Found.Shape))
            .Select(pair => $"{pair.Found.Name} (expected [{string.Join(", ", pair.Target.shape)}], found [{string.Join(", ", pair.Found.Shape)}])");
        var otherKind = common.Where(pair => is_floating_point(pair.Target.dtype) != is_floating_point(pair.Found.Dtype))
            .Select(pair => $"{pair.Found.Name} ({SafetensorsDtype.NameOf(pair.Found.Dtype)} for {SafetensorsDtype.NameOf(pair.Target.dtype)})");
        string[] found = [.. ((string?[])[Describe("missing", missing), Describe("unexpected", unexpected), Describe("mis-shaped", misshaped), Describe("of another kind of numbers", otherKind)]).OfType<string>()];
        return found.Length == 0 ? null : string.Join("; ", found);
    }

    private static string? Describe(string kind, IEnumerable<string> keys)
    {
        string[] all = [.. keys];
        return all.Length == 0 ? null : $"{all.Length} {kind}: {string.Join(", ", all.Take(Reported))}{(all.Length > Reported ? ", ..." : "")}";
    }
}

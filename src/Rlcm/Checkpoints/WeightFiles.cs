using System.Text.RegularExpressions;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary>
/// Finds the weights of a model's part in its folder, in the forms in which diffusers and transformers save them: one safetensors file or
/// shards with an index, in full or as a variant such as <c>fp16</c>.
/// </summary>
/// <param name="Path">The file to open: the weights, or the index of their shards.</param>
/// <param name="Variant">The variant, such as <c>fp16</c>; null for the weights without one.</param>
/// <param name="Form">How they are kept.</param>
public sealed partial record WeightFiles(string Path, string? Variant, WeightForm Form)
{
    private const int Named = 5;
    private static readonly string[] PickleEndings = [".bin", ".ckpt", ".pth", ".pt"];

    /// <summary>
    /// The weights called <paramref name="stem"/> in <paramref name="folder"/>. Where there are several, whole precision comes before variants,
    /// <c>fp16</c> before other variants, and one file before shards.
    /// </summary>
    /// <param name="folder">The part's folder.</param>
    /// <param name="stem">The name without endings, such as <c>diffusion_pytorch_model</c>.</param>
    /// <param name="pickleStem">As <paramref name="stem"/>, of pickled weights; transformers call these otherwise.</param>
    /// <exception cref="UserErrorException">There are none.</exception>
    public static WeightFiles Find(string folder, string stem, string pickleStem)
    {
        string[] names = Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Select(path => System.IO.Path.GetFileName(path))] : [];
        var found = Order(folder, names, stem, pickleStem).FirstOrDefault();
        var listed = names.Length == 0 ? "none" : string.Join(", ", names.Order(StringComparer.Ordinal).Take(Named)) + (names.Length > Named ? ", ..." : "");
        return found ?? throw new UserErrorException(
            $"{folder} holds no weights: expected {stem}.safetensors, a variant such as {stem}.fp16.safetensors, shards with {stem}.safetensors.index.json, or {pickleStem}.bin; found the files: {listed}; download the folder again.");
    }

    /// <summary>As <see cref="Find"/>, all that are among the files <paramref name="names"/>, the best first.</summary>
    internal static IEnumerable<WeightFiles> Order(string folder, IEnumerable<string> names, string stem, string pickleStem) =>
        names.Select(name => Parse(folder, name, stem, pickleStem)).OfType<WeightFiles>()
            .OrderBy(files => files.Form is WeightForm.Pickle or WeightForm.PickleShards)
            .ThenBy(files => files.Variant is null ? 0 : files.Variant == "fp16" ? 1 : 2)
            .ThenBy(files => files.Form)
            .ThenBy(files => files.Path, StringComparer.Ordinal);

    /// <summary>Opens them; nothing but headers is read.</summary>
    /// <exception cref="UserErrorException">A file is missing, unreadable or damaged.</exception>
    public ITensorSource Open() => Form switch
    {
        WeightForm.Safetensors => SafetensorsFile.Open(Path),
        WeightForm.SafetensorsShards => ShardedWeights.Open(Path, SafetensorsFile.Open),
        WeightForm.Pickle => PickleFile.Open(Path),
        _ => ShardedWeights.Open(Path, PickleFile.Open),
    };

    /// <summary>How the weights in the file <paramref name="path"/> are kept, judged by its name; null where it is no name of weights.</summary>
    public static WeightForm? FormOf(string path) => path switch
    {
        _ when path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) => WeightForm.Safetensors,
        _ when path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && path.Contains(".safetensors.index", StringComparison.OrdinalIgnoreCase) => WeightForm.SafetensorsShards,
        _ when PickleEndings.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) => WeightForm.Pickle,
        _ when path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && path.Contains(".bin.index", StringComparison.OrdinalIgnoreCase) => WeightForm.PickleShards,
        _ => null,
    };

    /// <summary>All files: the weights themselves, and the index where there is one.</summary>
    /// <exception cref="UserErrorException">The index is missing or damaged.</exception>
    public IReadOnlyList<string> Files() => Form is WeightForm.Safetensors or WeightForm.Pickle ? [Path] : [Path, .. ShardIndex.Read(Path).Shards];

    private static WeightFiles? Parse(string folder, string name, string stem, string pickleStem)
    {
        foreach (var (start, form) in ((string, WeightForm)[])[(stem, WeightForm.Safetensors), (pickleStem, WeightForm.Pickle)])
        {
            if (!name.StartsWith(start + ".", StringComparison.Ordinal))
                continue;
            var match = (form == WeightForm.Safetensors ? SafetensorsName : PickleName).Match(name[start.Length..]);
            if (!match.Success)
                continue;
            var variant = match.Groups["variant"].Captures is [var first, ..] ? first.Value : null;
            return new(System.IO.Path.Combine(folder, name), variant, match.Groups["index"].Success ? form + 1 : form);
        }

        return null;
    }

    // A variant stands before the ending of a file; in the name of an index, old versions put it before the last ending instead.
    [GeneratedRegex(@"^(\.(?<variant>[A-Za-z0-9_-]+))?\.safetensors(?<index>\.index(\.(?<variant>[A-Za-z0-9_-]+))?\.json)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SafetensorsName { get; }

    [GeneratedRegex(@"^(\.(?<variant>[A-Za-z0-9_-]+))?\.bin(?<index>\.index(\.(?<variant>[A-Za-z0-9_-]+))?\.json)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PickleName { get; }
}

/// <summary>How weights are kept, in the order of preference.</summary>
public enum WeightForm
{
    /// <summary>One safetensors file.</summary>
    Safetensors,

    /// <summary>Several safetensors files and an index.</summary>
    SafetensorsShards,

    /// <summary>One file of PyTorch, a zip archive with a pickle.</summary>
    Pickle,

    /// <summary>Several of them and an index.</summary>
    PickleShards,
}

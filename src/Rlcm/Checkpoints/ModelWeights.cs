using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Moves weights between a module and a safetensors file, whose keys are the module's own.</summary>
public static class ModelWeights
{
    /// <summary>Loads every weight of <paramref name="model"/> from <paramref name="path"/>, upcast to the module's type.</summary>
    /// <param name="model">The module to fill.</param>
    /// <param name="path">A safetensors file.</param>
    /// <param name="ignored">Keys that old files carry and that are no weights, such as position ids.</param>
    /// <exception cref="UserErrorException">Missing, unexpected or mis-shaped keys: the first ten of each are named, and nothing is loaded.</exception>
    public static void Load(nn.Module model, string path, IReadOnlySet<string>? ignored = null)
    {
        if (!File.Exists(path) && OtherForm(path) is { } other)
            throw new UserErrorException($"{path} does not exist, and {other} beside it is of a form that is not supported: expected one safetensors file; save the model again with save_pretrained, without variant and in one shard.");
        using var file = SafetensorsFile.Open(path);
        using var scope = NewDisposeScope();
        var weights = model.state_dict();
        if (TensorFit.Mismatch(file, weights, ignored) is { } mismatch)
            throw new UserErrorException($"{path} does not fit its config.json: {mismatch}; check that both files belong to the same model.");

        using var noGrad = no_grad();
        foreach (var (key, weight) in weights)
        {
            using var stored = file.Read(key);
            weight.copy_(stored);
        }
    }

    /// <summary>Writes every weight of <paramref name="model"/> to <paramref name="path"/>, atomically, as <paramref name="dtype"/>.</summary>
    public static void Save(nn.Module model, string path, ScalarType dtype, IReadOnlyDictionary<string, string>? metadata = null) =>
        SafetensorsWriter.Write(path, model.state_dict().Select(weight => (weight.Key, weight.Value)), metadata, dtype);

    /// <summary>The same weights as a variant (<c>.fp16.safetensors</c>), in shards (<c>.index.json</c>) or pickled (<c>.bin</c>, <c>.ckpt</c>); null when there are none.</summary>
    private static string? OtherForm(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return !Directory.Exists(folder) ? null : Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault(name =>
            ((string[])[".safetensors", ".index.json", ".bin", ".ckpt"]).Any(ending => name!.EndsWith(ending, StringComparison.Ordinal)));
    }
}

using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Moves weights between a module and files, whose keys are the module's own.</summary>
public static class ModelWeights
{
    /// <summary>Loads every weight of <paramref name="model"/> from <paramref name="file"/>, one after another, upcast to the module's type.</summary>
    /// <exception cref="UserErrorException">Missing, unexpected or mis-shaped keys: the first ten of each are named, and nothing is loaded. Or a weight is NaN or infinite.</exception>
    public static void Load(nn.Module model, ITensorSource file)
    {
        RequireFit(model, file);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (key, weight) in model.state_dict())
        {
            using var stored = file.Read(key);
            weight.copy_(stored);
            FiniteWeights.Require(weight, file.Path, key);
        }
    }

    /// <summary>Checks that <paramref name="file"/> holds the weights of <paramref name="model"/> and nothing else.</summary>
    /// <exception cref="UserErrorException">As <see cref="Load"/>.</exception>
    public static void RequireFit(nn.Module model, ITensorSource file)
    {
        using var scope = NewDisposeScope();
        if (TensorFit.Mismatch(file, model.state_dict()) is { } mismatch)
            throw new FileContentException(file.Path, null, $"{file.Path} does not fit its config.json: {mismatch}; check that both files belong to the same model.");
    }

    /// <summary>Writes every weight of <paramref name="model"/> to <paramref name="path"/>, atomically, as <paramref name="dtype"/>.</summary>
    public static void Save(nn.Module model, string path, ScalarType dtype) =>
        SafetensorsWriter.Write(path, model.state_dict().Select(weight => (weight.Key, weight.Value)), SafetensorsWriter.PyTorch, dtype);
}

using Rlcm.Checkpoints;
using TorchSharp;

namespace Rlcm.Models;

/// <summary>A network's folder: <c>config.json</c> and weights in any form that <see cref="WeightFiles"/> knows.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Stem">Name of the weights without endings, with which they are saved.</param>
/// <param name="PickleStem">The same of pickled weights.</param>
public sealed record ModelPart(string Folder, string Stem, string PickleStem)
{
    private const string DiffusersStem = "diffusion_pytorch_model";

    /// <summary>The architecture's file.</summary>
    public string ConfigPath => Path.Combine(Folder, "config.json");

    /// <summary>Where weights are saved: one safetensors file.</summary>
    public string WeightsPath => Path.Combine(Folder, $"{Stem}.safetensors");

    /// <summary>A network of diffusers: U-Net or autoencoder.</summary>
    public static ModelPart OfDiffusers(string folder) => new(folder, DiffusersStem, DiffusersStem);

    /// <summary>A network of transformers: text encoder.</summary>
    public static ModelPart OfTransformers(string folder) => new(folder, "model", "pytorch_model");

    /// <summary>The weights that are there.</summary>
    /// <exception cref="Runtime.UserErrorException">There are none.</exception>
    public WeightFiles FindWeights() => WeightFiles.Find(Folder, Stem, PickleStem);

    /// <summary>Fills <paramref name="network"/>.</summary>
    /// <param name="network">Made as <see cref="ConfigPath"/> says.</param>
    /// <param name="name">The network's name of a key in the file; null leaves it out.</param>
    /// <exception cref="Runtime.UserErrorException">The weights are missing, damaged, or of another architecture.</exception>
    public void Load(torch.nn.Module network, Func<string, string?> name)
    {
        using var file = FindWeights().Open();
        using var weights = new RenamedTensors(file, name);
        ModelWeights.Load(network, weights);
    }
}

using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Models;

/// <summary>A network's folder: <c>config.json</c> and weights in any form that <see cref="WeightFiles"/> knows.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Stem">Name of the weights without endings, with which they are saved.</param>
/// <param name="PickleStem">The same of pickled weights.</param>
public sealed record ModelPart(string Folder, string Stem, string PickleStem)
{
    private const string DiffusersStem = "diffusion_pytorch_model";
    private const int OversizeAllowed = 4;
    private const int FreeWeights = 1 << 24; // 64 MB

    /// <summary>The architecture's file.</summary>
    public string ConfigPath => Path.Combine(Folder, "config.json");

    /// <summary>Where weights are saved: one safetensors file.</summary>
    public string WeightsPath => Path.Combine(Folder, $"{Stem}.safetensors");

    /// <summary>A network of diffusers: U-Net or autoencoder.</summary>
    public static ModelPart OfDiffusers(string folder) => new(folder, DiffusersStem, DiffusersStem);

    /// <summary>A network of transformers: text encoder.</summary>
    public static ModelPart OfTransformers(string folder) => new(folder, "model", "pytorch_model");

    /// <summary>The weights that are there.</summary>
    /// <exception cref="UserErrorException">There are none.</exception>
    public WeightFiles FindWeights() => WeightFiles.Find(Folder, Stem, PickleStem);

    /// <summary>
    /// Refuses a configuration whose network is far larger than its weights, before it is built: a number too many in a small file must not
    /// take all memory. Where the two differ by less, loading says in what.
    /// </summary>
    /// <param name="leastWeights">Number of weights that the network has at least.</param>
    /// <exception cref="FileContentException">There are far fewer weights, or they are damaged.</exception>
    internal void RequireWeights(double leastWeights)
    {
        using var file = FindWeights().Open();
        var found = file.Entries.Sum(entry => (double)entry.Count);
        if (leastWeights > OversizeAllowed * found + FreeWeights)
            throw new FileContentException(ConfigPath, null, string.Create(CultureInfo.InvariantCulture, $"{ConfigPath}: describes a network of at least {leastWeights:g3} weights, {file.Path} holds {found:g3}; check that both files belong to the same model."));
    }

    /// <summary>Fills <paramref name="network"/>.</summary>
    /// <param name="network">Made as <see cref="ConfigPath"/> says.</param>
    /// <param name="name">The network's name of a key in the file; null leaves it out.</param>
    /// <exception cref="UserErrorException">The weights are missing, damaged, or of another architecture.</exception>
    public void Load(torch.nn.Module network, Func<string, string?> name)
    {
        using var file = FindWeights().Open();
        using var weights = new RenamedTensors(file, name);
        ModelWeights.Load(network, weights);
    }
}

using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>What <see cref="ClipStage"/> trains: a CLIP model and a head that tells styles apart.</summary>
/// <param name="Clip">The model.</param>
/// <param name="Head">The head.</param>
public sealed record ClipNetworks(ClipModel Clip, StyleHead Head)
{
    private const double FirstTemperature = 0.07; // Radford et al. 2021, section 2.5

    /// <summary>Networks with initial weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="styles">The words for the styles.</param>
    /// <param name="seed">Of the weights.</param>
    public static ClipNetworks Begin(ClipConfig config, IReadOnlyList<string> styles, ulong seed)
    {
        var networks = new ClipNetworks(new(config), new(config.ProjectionSize, styles));
        WeightInitializer.Initialize(networks.Clip, seed);
        WeightInitializer.Initialize(networks.Head, seed);
        using var noGrad = no_grad();
        networks.Clip.LogitScale.fill_(Kept(-Math.Log(FirstTemperature)));
        return networks;
    }

    /// <summary>Networks with the weights of a folder that <see cref="Save"/> wrote, to be trained further.</summary>
    /// <exception cref="UserErrorException">Something is missing or damaged.</exception>
    public static ClipNetworks Continue(string folder)
    {
        var clip = ClipModel.Load(folder);
        var networks = new ClipNetworks(clip, StyleHead.Load(folder, clip.Config.ProjectionSize));
        foreach (var parameter in networks.Clip.parameters().Concat(networks.Head.parameters()))
            parameter.requires_grad = true;
        return networks;
    }

    /// <summary>Writes a CLIP folder as transformers reads it, the head in a folder of its own inside.</summary>
    /// <param name="folder">Made or replaced as a whole.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    /// <param name="tokenizerFolder">Where the tokenizer's files are copied from.</param>
    public void Save(string folder, ScalarType dtype, string tokenizerFolder)
    {
        TextToImageModel.RequireCopyable(tokenizerFolder);
        AtomicFolder.Replace(folder, parts =>
        {
            Clip.Save(parts, dtype);
            Head.Save(parts, dtype);
            foreach (var file in TokenizerFiles(tokenizerFolder))
                File.Copy(file, Path.Combine(parts, Path.GetFileName(file)));
        });
    }

    /// <summary>The files of the tokenizer in <paramref name="folder"/>, which may hold a model, too.</summary>
    public static IReadOnlyList<string> TokenizerFiles(string folder) => [.. ClipTokenizerFiles.Names.Select(name => Path.Combine(folder, name)).Where(File.Exists)];
}

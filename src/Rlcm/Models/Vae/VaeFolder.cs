using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Models.Vae;

/// <summary>The <c>vae/</c> part of a diffusers folder.</summary>
public static class VaeFolder
{
    /// <summary>Reads <c>config.json</c> and weights from <paramref name="folder"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing, damaged or not supported.</exception>
    public static AutoencoderKL Load(string folder)
    {
        NativeTorch.Tune();
        var part = ModelPart.OfDiffusers(folder);
        var config = AutoencoderKLConfig.Read(part.ConfigPath);
        part.RequireWeights(config.LeastWeights);
        var vae = new AutoencoderKL(config);
        part.Load(vae, VaeNames.Current);
        return vae;
    }

    /// <summary>One hash for architecture and weights in <paramref name="folder"/>: which autoencoder it is.</summary>
    /// <exception cref="UserErrorException">There are no weights.</exception>
    public static string Sha256(string folder)
    {
        var part = ModelPart.OfDiffusers(folder);
        return FileHash.Sha256(folder, [part.ConfigPath, .. part.FindWeights().Files()]);
    }

    /// <summary>
    /// Writes <c>config.json</c>, with <paramref name="scalingFactor"/> where it is given, and weights of type <paramref name="dtype"/>;
    /// the folder is made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.
    /// </summary>
    public static void Save(AutoencoderKL vae, string folder, ScalarType dtype, double? scalingFactor = null) => AtomicFolder.Replace(folder, parts =>
    {
        var part = ModelPart.OfDiffusers(parts);
        ModelJson.Write(part.ConfigPath, (vae.Config with { ScalingFactor = scalingFactor ?? vae.Config.ScalingFactor }).ToJson());
        ModelWeights.Save(vae, part.WeightsPath, dtype);
    });
}

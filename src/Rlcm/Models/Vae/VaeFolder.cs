using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Models.Vae;

/// <summary>The <c>vae/</c> part of a diffusers folder.</summary>
public static class VaeFolder
{
    private const string WeightsFile = "diffusion_pytorch_model.safetensors";

    /// <summary>Reads <c>config.json</c> and weights from <paramref name="folder"/>.</summary>
    /// <exception cref="UserErrorException">A file is missing, damaged or not supported.</exception>
    public static AutoencoderKL Load(string folder)
    {
        NativeTorch.DisableNnpack();
        var vae = new AutoencoderKL(AutoencoderKLConfig.Read(Path.Combine(folder, "config.json")));
        ModelWeights.Load(vae, Path.Combine(folder, WeightsFile));
        return vae;
    }

    /// <summary>The first digits of the SHA-256 of the weights in <paramref name="folder"/>: which autoencoder it is.</summary>
    public static string Fingerprint(string folder) => FileHash.Sha256(Path.Combine(folder, WeightsFile))[..12];

    /// <summary>
    /// Writes <c>config.json</c>, with <paramref name="scalingFactor"/> where it is given, and weights of type <paramref name="dtype"/>;
    /// the folder is made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.
    /// </summary>
    public static void Save(AutoencoderKL vae, string folder, ScalarType dtype, double? scalingFactor = null) => AtomicFolder.Replace(folder, parts =>
    {
        ModelJson.Write(Path.Combine(parts, "config.json"), (vae.Config with { ScalingFactor = scalingFactor ?? vae.Config.ScalingFactor }).ToJson());
        ModelWeights.Save(vae, Path.Combine(parts, WeightsFile), dtype);
    });
}

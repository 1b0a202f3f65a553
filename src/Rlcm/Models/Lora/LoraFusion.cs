using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>
/// Writes W + s B A over the weights of a model, for good or until it is undone. Undone, the original weights are put back as they were:
/// subtracting does not give them back (W + d - d differs from W in a quarter of all 32-bit floats).
/// </summary>
public sealed class LoraFusion : IDisposable
{
    private readonly IReadOnlyList<(Tensor Weight, Tensor Original)> _originals;

    private LoraFusion(IReadOnlyList<(Tensor, Tensor)> originals) => _originals = originals;

    /// <summary>Fuses the adapters of a safetensors file of diffusers or kohya, of any ranks and scales, without a way back.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="UserErrorException">The file is missing, damaged or made for another model; then no weight has changed.</exception>
    public static void Fuse(nn.Module model, string path)
    {
        using var noGrad = no_grad();
        using var file = AdapterFile.OpenFile(path);
        foreach (var update in LowRankUpdate.Find(model, file))
        {
            using var scope = NewDisposeScope();
            update.Layer.BaseWeight.copy_(update.Merge(file));
        }
    }

    /// <summary>As <see cref="Fuse"/>; disposing the result restores the original weights, of which copies are kept until then.</summary>
    public static LoraFusion FuseReversibly(nn.Module model, string path)
    {
        using (var file = AdapterFile.OpenFile(path))
        {
            var weights = LowRankUpdate.Find(model, file).Select(update => update.Layer.BaseWeight);
            var fusion = new LoraFusion([.. weights.Select(weight => (weight, weight.detach().clone().DetachFromDisposeScope()))]);
            Fuse(model, path);
            return fusion;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var noGrad = no_grad();
        foreach (var (weight, original) in _originals.Where(entry => !entry.Original.IsInvalid))
        {
            weight.copy_(original);
            original.Dispose();
        }
    }
}

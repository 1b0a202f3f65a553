using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>What the files of an adapter hold, whatever their format: the update of each layer is alpha / rank times B A.</summary>
/// <param name="Layers">A [r, in] or [r, in, k, k] and B [out, r] or [out, r, 1, 1] by path of the layer, 32-bit floats; they belong to the dispose scope in which this was made.</param>
/// <param name="Rank">r.</param>
/// <param name="Alpha">alpha.</param>
public sealed record AdapterWeights(IReadOnlyDictionary<string, (Tensor A, Tensor B)> Layers, int Rank, double Alpha)
{
    /// <summary>alpha / r.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>Those of <paramref name="adapters"/>, which share their memory.</summary>
    public static AdapterWeights Of(LoraAdapters adapters) => new(
        adapters.Items.ToDictionary(item => item.Module, item => ((Tensor)item.A.detach(), (Tensor)item.B.detach()), StringComparer.Ordinal), adapters.Rank, adapters.Alpha);
}

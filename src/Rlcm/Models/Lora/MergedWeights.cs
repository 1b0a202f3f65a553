using Rlcm.Checkpoints;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>The weights of a network with its adapters merged, W + s B A, which then needs no adapter.</summary>
internal static class MergedWeights
{
    /// <summary>Every weight of <paramref name="network"/>, to be written.</summary>
    /// <param name="network">The base; its weights are not touched.</param>
    /// <param name="adapters">Those attached to it. Each merged weight is computed in 32-bit floats when its turn comes, so that there is one at a time.</param>
    public static IEnumerable<PendingTensor> Of(nn.Module network, LoraAdapters adapters)
    {
        var adapted = adapters.Items.ToDictionary(item => $"{item.Module}.weight", StringComparer.Ordinal);
        return PendingTensor.Of(network).Select(weight =>
            adapted.TryGetValue(weight.Key, out var adapter) ? weight with { Make = () => adapter.MergeInto(weight.Make()) } : weight);
    }
}

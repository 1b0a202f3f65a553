using Rlcm.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>Writes a network with its adapters merged, W + s B A, which then needs no adapter.</summary>
internal static class MergedWeights
{
    /// <summary>Writes every weight of <paramref name="network"/> to <paramref name="path"/>, atomically, as <paramref name="dtype"/>.</summary>
    /// <param name="network">The base; its weights are not touched.</param>
    /// <param name="adapters">Those attached to it. Each merged weight is computed in 32-bit floats when its turn comes, so that there is one at a time.</param>
    /// <param name="path">A safetensors file.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    public static void Save(nn.Module network, LoraAdapters adapters, string path, ScalarType dtype)
    {
        var adapted = adapters.Items.ToDictionary(item => $"{item.Module}.weight", StringComparer.Ordinal);
        SafetensorsWriter.Write(
            path,
            network.state_dict().Select(weight => new PendingTensor(
                weight.Key, weight.Value.shape, weight.Value.dtype, () => adapted.TryGetValue(weight.Key, out var adapter) ? adapter.MergeInto(weight.Value) : weight.Value)),
            SafetensorsWriter.PyTorch,
            dtype);
    }
}

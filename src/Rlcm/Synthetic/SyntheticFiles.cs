using System.Globalization;
using Rlcm.Checkpoints;
using Rlcm.Models;
using static TorchSharp.torch;

namespace Rlcm.Synthetic;

/// <summary>Writes weights in one file or in shards with an index, named as diffusers names them.</summary>
internal static class SyntheticFiles
{
    public static void Write(ModelPart part, IReadOnlyList<(string Key, Tensor Value)> weights, SyntheticForm form)
    {
        var variant = form.Variant is { } name ? $".{name}" : "";
        if (form.Shards == 1)
        {
            SafetensorsWriter.Write(Path.Combine(part.Folder, $"{part.Stem}{variant}.safetensors"), weights, SafetensorsWriter.PyTorch, form.Dtype);
            return;
        }

        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, shard) in Split(weights, form.Shards).Index())
        {
            var file = string.Create(CultureInfo.InvariantCulture, $"{part.Stem}{variant}-{number + 1:D5}-of-{form.Shards:D5}.safetensors");
            SafetensorsWriter.Write(Path.Combine(part.Folder, file), shard, SafetensorsWriter.PyTorch, form.Dtype);
            foreach (var (key, _) in shard)
                map.Add(key, file);
        }

        var bytes = weights.Sum(weight => weight.Value.numel() * SafetensorsDtype.SizeOf(weight.Value.is_floating_point() ? form.Dtype : weight.Value.dtype));
        ModelJson.Write(Path.Combine(part.Folder, $"{part.Stem}.safetensors.index{variant}.json"), new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["metadata"] = new Dictionary<string, long>(StringComparer.Ordinal) { ["total_size"] = bytes },
            ["weight_map"] = map,
        });
    }

    /// <summary>Consecutive runs of about as many tensors each.</summary>
    private static IEnumerable<(string Key, Tensor Value)[]> Split(IReadOnlyList<(string Key, Tensor Value)> weights, int shards) =>
        Enumerable.Range(0, shards).Select(shard => weights.Skip(shard * weights.Count / shards).Take((shard + 1) * weights.Count / shards - shard * weights.Count / shards).ToArray());
}

using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>W' = W + s B A of one layer, as a file states it; every layer may have a rank and a scale of its own.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="DownKey">Key of A, [r, in], [r, in, 1, 1] or [r, in, k, k].</param>
/// <param name="UpKey">Key of B, [out, r] or [out, r, 1, 1].</param>
/// <param name="Scale">s = alpha / r; 1 where the file has no alpha.</param>
internal sealed record LowRankUpdate(LoraLayer Layer, string DownKey, string UpKey, double Scale)
{
    /// <summary>Finds the updates in a file of diffusers or kohya, and checks them all.</summary>
    /// <exception cref="UserErrorException">The file is damaged, or adapts layers that <paramref name="model"/> does not have in these shapes.</exception>
    public static IReadOnlyList<LowRankUpdate> Find(nn.Module model, ITensorSource file)
    {
        var names = AdapterNames.Of(file.Keys, file.Path);
        var layers = model.named_modules().Where(entry => entry.module is LoraLayer).ToDictionary(entry => entry.name.Replace('.', '_'), entry => (LoraLayer)entry.module, StringComparer.Ordinal);
        var updates = new Dictionary<LoraLayer, LowRankUpdate>();
        foreach (var module in file.Keys.Where(names.IsDown).Select(names.Spelling).Order(StringComparer.Ordinal))
        {
            var layer = layers.GetValueOrDefault(module.Replace('.', '_'))
                ?? throw new FileContentException(file.Path, $"layer {module}", $"{file.Path}: adapts layer {module}, which the model does not have; it was made for another base model.");
            RequireFit(file, names, module, layer.BaseWeight.shape);
            RequireFinite(file, names.DownOf(module));
            RequireFinite(file, names.UpOf(module));
            if (!updates.TryAdd(layer, new(layer, names.DownOf(module), names.UpOf(module), ScaleOf(file, names, module))))
                throw new FileContentException(file.Path, $"layer {module}", $"{file.Path}: layer {module} is adapted twice, under two spellings; remove one of them.");
        }

        return [.. updates.Values];
    }

    /// <summary>W + s B A, of the shape of W.</summary>
    public Tensor Merge(ITensorSource file)
    {
        using var scope = NewDisposeScope();
        return LoraAdapter.Merge(Layer.BaseWeight, file.ReadFloat(DownKey), file.ReadFloat(UpKey), (float)Scale).MoveToOuterDisposeScope();
    }

    /// <summary>s B A has the weight's shape, where a matrix may stand for a kernel of 1x1.</summary>
    private static void RequireFit(ITensorSource file, AdapterNames names, string module, long[] weight)
    {
        var (down, up) = (file[names.DownOf(module)].Shape, file[names.UpOf(module)].Shape);
        var fits = down.Length >= 2 && up.Length >= 2 && down[0] > 0 && down[0] == up[1] && up[0] == weight[0] && down[1] == weight[1] && Size(down) / down[0] == Size(weight) / weight[0] && Size(up[2..]) == 1;
        if (!fits)
            throw new FileContentException(file.Path, $"layer {module}", $"{file.Path}: layer {module}: a weight [{string.Join(", ", weight)}] needs A [r, {string.Join(", ", weight[1..])}] and B [{weight[0]}, r], found [{string.Join(", ", down)}] and [{string.Join(", ", up)}]; it was made for another base model.");
    }

    private static void RequireFinite(ITensorSource file, string key)
    {
        using var weights = file.ReadWeights(key);
    }

    private static double ScaleOf(ITensorSource file, AdapterNames names, string module)
    {
        using var scope = NewDisposeScope();
        var alpha = names.AlphaOf(module);
        return file.Keys.Contains(alpha) ? AdapterFile.Alpha(file, alpha, file.Path) / file[names.DownOf(module)].Shape[0] : 1;
    }

    private static long Size(long[] shape) => shape.Aggregate(1L, (product, side) => product * side);
}

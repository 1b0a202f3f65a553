using Rlcm.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>The adapters of a model: attached to its <see cref="LoraLayer"/>s, trained, merged for sampling, saved.</summary>
public sealed class LoraAdapters : ITrainedWeights
{
    private readonly LoraLayer[] _layers;
    private readonly Tensor?[] _scratch;

    private LoraAdapters(IReadOnlyList<LoraAdapter> items, LoraLayer[] layers, int rank, double alpha)
    {
        (Items, _layers, Rank, Alpha) = (items, layers, rank, alpha);
        _scratch = [.. layers.Select((layer, i) => items[i].CanMergeInto(layer.BaseWeight) ? empty_like(layer.BaseWeight).DetachFromDisposeScope() : null)];
        for (var i = 0; i < layers.Length; i++)
            layers[i].Attach(items[i]);
    }

    /// <summary>One adapter per layer, in the model's order.</summary>
    public IReadOnlyList<LoraAdapter> Items { get; }

    /// <inheritdoc/>
    public string Name => "adapters";

    /// <summary>r.</summary>
    public int Rank { get; }

    /// <summary>The update is scaled by alpha / r.</summary>
    public double Alpha { get; }

    /// <summary>
    /// Attaches new adapters to every layer whose path ends in one of <paramref name="targets"/>: A normal with std 1/r, B zero
    /// (peft's <c>init_lora_weights="gaussian"</c>), so that the model is unchanged at first.
    /// </summary>
    /// <exception cref="UserErrorException">No layer has such a name.</exception>
    public static LoraAdapters Create(nn.Module model, IReadOnlyList<string> targets, int rank, double alpha, ulong seed)
    {
        var layers = Find(model, path => targets.Any(target => path == target || path.EndsWith("." + target, StringComparison.Ordinal)));
        if (layers.Length == 0)
            throw new UserErrorException($"loraTargets: the model has no layer named {string.Join(", ", targets)}; expected names such as to_q; correct loraTargets.");

        using var scope = NewDisposeScope();
        return new([.. layers.Select((entry, index) =>
        {
            var (down, up) = Shapes(entry.Layer, rank);
            var a = AddressedRandom.NormalTensor(new(seed, RandomPurpose.LoraInit, Item: index), down) / Kept(rank);
            return new LoraAdapter(entry.Path, Trainable(a, entry.Layer), Trainable(zeros(up), entry.Layer), (float)(alpha / rank));
        })], [.. layers.Select(entry => entry.Layer)], rank, alpha);
    }

    /// <summary>Attaches adapters with given weights.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="weights">A [r, in, ...] and B [out, r, ...] by path of the layer.</param>
    /// <param name="rank">r.</param>
    /// <param name="alpha">alpha.</param>
    /// <param name="origin">Where the weights come from, for messages.</param>
    /// <exception cref="UserErrorException">A layer does not exist in the model, or its shape differs.</exception>
    public static LoraAdapters Attach(nn.Module model, IReadOnlyDictionary<string, (Tensor A, Tensor B)> weights, int rank, double alpha, string origin)
    {
        var layers = Find(model, weights.ContainsKey);
        if (layers.Length < weights.Count)
        {
            var unknown = weights.Keys.Except(layers.Select(entry => entry.Path)).Order(StringComparer.Ordinal).First();
            throw new FileContentException(origin, $"layer {unknown}", $"{origin}: adapts layer {unknown}, which the model does not have; it was made for another base model.");
        }

        foreach (var (path, layer) in layers)
        {
            var (a, b) = weights[path];
            var (down, up) = Shapes(layer, rank);
            if (!a.shape.SequenceEqual(down) || !b.shape.SequenceEqual(up))
            {
                throw new FileContentException(
                    origin, $"layer {path}", $"{origin}: layer {path}: expected A [{string.Join(", ", down)}] and B [{string.Join(", ", up)}], "
                    + $"found [{string.Join(", ", a.shape)}] and [{string.Join(", ", b.shape)}]; it was made for another base model.");
            }
        }

        using var scope = NewDisposeScope();
        return new(
            [.. layers.Select(entry => new LoraAdapter(
                entry.Path, Trainable(weights[entry.Path].A, entry.Layer), Trainable(weights[entry.Path].B, entry.Layer), (float)(alpha / rank)))],
            [.. layers.Select(entry => entry.Layer)], rank, alpha);
    }

    /// <summary>All trainable weights under peft's names, <c>MODULE.lora_A.weight</c> and <c>MODULE.lora_B.weight</c>.</summary>
    public IEnumerable<(string Name, Parameter Value)> Parameters() => Items.SelectMany(item => (IEnumerable<(string, Parameter)>)
        [(DownOf(item.Module), item.A), (UpOf(item.Module), item.B)]);

    /// <summary>
    /// Computes W + s B A of every layer into scratch tensors, which the layers use until the result is disposed. Base weights are never
    /// written to, so there is nothing to subtract and nothing to drift. Layers of half precision go on computing B (A x) beside W x.
    /// </summary>
    public IDisposable Merge()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        for (var i = 0; i < _layers.Length; i++)
            _scratch[i]?.copy_(Items[i].MergeInto(_layers[i].BaseWeight));
        return new EffectiveWeights(Items, _scratch);
    }

    /// <inheritdoc/>
    public IDisposable UseBase() => new EffectiveWeights(Items, [.. _layers.Select(layer => layer.BaseWeight)]);

    /// <summary>Writes the adapters in PEFT layout.</summary>
    public void Save(string folder, AdapterProvenance provenance, Func<string, Tensor>? stored = null)
    {
        using var scope = NewDisposeScope();
        var weights = AdapterWeights.Of(this);
        if (stored is not null)
            weights = weights with { Layers = weights.Layers.Keys.ToDictionary(module => module, module => (stored(DownOf(module)), stored(UpOf(module))), StringComparer.Ordinal) };
        PeftAdapter.Save(weights, folder, provenance, ScalarType.Float32);
    }

    /// <summary>Lets the model be its base again.</summary>
    public void Dispose()
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            _layers[i].Attach(null);
            _scratch[i]?.Dispose();
            Items[i].A.Dispose();
            Items[i].B.Dispose();
        }
    }

    private static string DownOf(string module) => $"{module}.lora_A.weight";

    private static string UpOf(string module) => $"{module}.lora_B.weight";

    private static (string Path, LoraLayer Layer)[] Find(nn.Module model, Func<string, bool> isTarget) =>
        [.. model.named_modules().Where(entry => entry.module is LoraLayer && isTarget(entry.name)).Select(entry => (entry.name, (LoraLayer)entry.module))];

    /// <summary>Shapes of A and B: [r, in] and [out, r] of a matrix, [r, in, k, k] and [out, r, 1, 1] of a kernel.</summary>
    private static (long[] Down, long[] Up) Shapes(LoraLayer layer, int rank)
    {
        var shape = layer.BaseWeight.shape;
        return ([rank, .. shape[1..]], [shape[0], rank, .. Enumerable.Repeat(1L, shape.Length - 2)]);
    }

    private static Parameter Trainable(Tensor value, LoraLayer layer)
    {
        var parameter = new Parameter(value.to(ScalarType.Float32, layer.BaseWeight.device, copy: true), requires_grad: true);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>Gives every layer a weight to compute with; disposed, the one that it had before, or none.</summary>
    private sealed class EffectiveWeights : IDisposable
    {
        private readonly IReadOnlyList<LoraAdapter> _items;
        private readonly Tensor?[] _before;

        public EffectiveWeights(IReadOnlyList<LoraAdapter> items, IReadOnlyList<Tensor?> weights)
        {
            (_items, _before) = (items, [.. items.Select(item => item.EffectiveWeight)]);
            for (var i = 0; i < items.Count; i++)
                items[i].EffectiveWeight = weights[i];
        }

        public void Dispose()
        {
            for (var i = 0; i < _before.Length; i++)
                _items[i].EffectiveWeight = _before[i];
        }
    }
}

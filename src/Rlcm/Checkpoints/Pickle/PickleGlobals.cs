using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>What a name of Python's stands for in a file of weights.</summary>
internal enum PickleGlobalKind
{
    /// <summary>A dictionary that remembers its order, as all do.</summary>
    OrderedDictionary,

    /// <summary>A tensor from storage, offset, size and strides.</summary>
    Tensor,

    /// <summary>A tensor from an untyped storage and an element type besides.</summary>
    TypedTensor,

    /// <summary>A parameter around a tensor.</summary>
    Parameter,

    /// <summary>The class of a storage.</summary>
    Storage,

    /// <summary>An element type.</summary>
    Dtype,

    /// <summary>A name that real checkpoints hold beside their weights; what it makes is skipped.</summary>
    Inert,
}

/// <summary>A name of the allow-list. Nothing is looked up or run for it.</summary>
/// <param name="Name">The full name.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="Dtype">The element type of a storage or of that name; null for untyped storages and all else.</param>
internal sealed record PickleGlobal(string Name, PickleGlobalKind Kind, ScalarType? Dtype = null)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// The allow-list. The inert names are those of torch's own weights-only loader that make no tensor (torch/_weights_only_unpickler.py) and
/// those that the checkpoints of Stable Diffusion 1.x hold from pytorch-lightning: the class of a callback and numbers of numpy.
/// </summary>
internal static class PickleGlobals
{
    private static readonly (string Storage, string Dtype, ScalarType Type)[] ElementTypes =
    [
        ("BoolStorage", "bool", ScalarType.Bool),
        ("ByteStorage", "uint8", ScalarType.Byte),
        ("CharStorage", "int8", ScalarType.Int8),
        ("ShortStorage", "int16", ScalarType.Int16),
        ("IntStorage", "int32", ScalarType.Int32),
        ("LongStorage", "int64", ScalarType.Int64),
        ("HalfStorage", "float16", ScalarType.Float16),
        ("BFloat16Storage", "bfloat16", ScalarType.BFloat16),
        ("FloatStorage", "float32", ScalarType.Float32),
        ("DoubleStorage", "float64", ScalarType.Float64),
    ];

    private static readonly string[] InertNames =
    [
        "collections.Counter", "torch.Size", "torch.device", "_codecs.encode",
        "builtins.set", "builtins.bytearray", "builtins.complex", "builtins.bytes",
        "__builtin__.set", "__builtin__.bytearray", "__builtin__.complex", "__builtin__.bytes",
        "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    ];

    private static readonly Dictionary<string, PickleGlobal> Known = new PickleGlobal[]
    {
        new("collections.OrderedDict", PickleGlobalKind.OrderedDictionary),
        new("torch._utils._rebuild_tensor_v2", PickleGlobalKind.Tensor),
        new("torch._utils._rebuild_tensor_v3", PickleGlobalKind.TypedTensor),
        new("torch._utils._rebuild_parameter", PickleGlobalKind.Parameter),
        new("torch.storage.UntypedStorage", PickleGlobalKind.Storage),
    }
        .Concat(ElementTypes.Select(type => new PickleGlobal($"torch.{type.Storage}", PickleGlobalKind.Storage, type.Type)))
        .Concat(ElementTypes.Select(type => new PickleGlobal($"torch.{type.Dtype}", PickleGlobalKind.Dtype, type.Type)))
        .Concat(InertNames.Select(name => new PickleGlobal(name, PickleGlobalKind.Inert)))
        .ToDictionary(known => known.Name, StringComparer.Ordinal);

    /// <summary>The global <paramref name="name"/> of <paramref name="module"/>.</summary>
    /// <exception cref="Runtime.UserErrorException">It is not in the list.</exception>
    public static PickleGlobal Find(string module, string name, PickleCursor cursor)
    {
        var fullName = $"{module}.{name}";
        if (Known.TryGetValue(fullName, out var known))
            return known;
        if (module == "torch" && name.EndsWith("Storage", StringComparison.Ordinal))
            throw cursor.Unsupported($"it stores elements as {ReadableText.Quote(fullName)}, expected one of {string.Join(", ", ElementTypes.Select(type => type.Dtype))}");
        throw cursor.Unsupported($"it asks for {ReadableText.Quote(fullName)}, which is not among the names that a file of weights needs, and nothing was run");
    }
}

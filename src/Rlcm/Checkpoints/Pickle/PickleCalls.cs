using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>What the instructions mean that in Python would call something: here they only describe tensors.</summary>
/// <param name="cursor">The pickle, for messages.</param>
/// <param name="archive">Where the storages are.</param>
internal sealed class PickleCalls(PickleCursor cursor, TorchArchive archive)
{
    /// <summary>REDUCE: what <paramref name="callee"/> would make of <paramref name="arguments"/>.</summary>
    public object Reduce(object callee, object arguments)
    {
        if (callee is not PickleGlobal global || arguments is not object[] values)
            throw cursor.Damaged($"{Name(callee)} cannot be called with {Name(arguments)}");
        return global.Kind switch
        {
            PickleGlobalKind.OrderedDictionary when values.Length == 0 => new PickleDictionary(),
            // storage, offset, size, strides, requires_grad, hooks, metadata
            PickleGlobalKind.Tensor when values.Length is 6 or 7 => Tensor(values, null, values.ElementAtOrDefault(6)),
            // the same with the type in place of the metadata, which follow
            PickleGlobalKind.TypedTensor when values.Length is 7 or 8 && values[6] is PickleGlobal { Kind: PickleGlobalKind.Dtype, Dtype: { } dtype } =>
                Tensor(values, dtype, values.ElementAtOrDefault(7)),
            PickleGlobalKind.Parameter when values is [StoredTensor tensor, _, _] => tensor,
            PickleGlobalKind.Inert => PickleSkipped.Object,
            _ => throw cursor.Damaged($"{Name(callee)} cannot be called with {values.Length} values of these kinds"),
        };
    }

    /// <summary>BUILD: attributes of an ordered dictionary (a model's versions) or of an inert object, which are dropped.</summary>
    public void Build(object target)
    {
        if (target is not PickleDictionary && target != PickleSkipped.Object)
            throw cursor.Unsupported($"it sets attributes of {Name(target)}");
    }

    /// <summary>BINPERSID: the storage that <paramref name="id"/> names.</summary>
    public PickleStorage Storage(object id)
    {
        // "storage", class, key, device, elements
        if (id is not object[] parts || parts is not ["storage", PickleGlobal { Kind: PickleGlobalKind.Storage } type, string key, string, long count])
            throw cursor.Damaged($"{Name(id)} names no storage");
        if (archive.FindStorage(key) is not { } entry)
            throw cursor.Damaged($"the zip file has no storage '{ReadableText.Quote(key)}'");
        var elementBytes = type.Dtype is { } dtype ? SafetensorsDtype.SizeOf(dtype) : 1;
        return count >= 0 && count <= entry.ByteCount / elementBytes
            ? new PickleStorage(entry, type.Dtype, count)
            : throw cursor.Damaged($"storage '{key}' is to hold {count} elements of {elementBytes} bytes, but has {entry.ByteCount} bytes");
    }

    /// <summary>A value as part of a message.</summary>
    private static string Name(object value) => value switch
    {
        string text => $"'{ReadableText.Quote(text)}'",
        object[] => "a tuple",
        _ => value.ToString()!,
    };

    private StoredTensor Tensor(object[] values, ScalarType? dtype, object? metadata)
    {
        if (values[0] is not PickleStorage storage || values[1] is not long offset || Numbers(values[2]) is not { } shape || Numbers(values[3]) is not { } strides)
            throw cursor.Damaged("a tensor lacks storage, offset, size or strides");
        if ((dtype ?? storage.Dtype) is not { } type || (storage.Dtype is not null && storage.Dtype != type))
            throw cursor.Damaged("a tensor has no element type, or two");
        if (metadata is PickleDictionary { Items.Count: > 0 } special)
            throw cursor.Unsupported($"a tensor is marked as {ReadableText.Quote(string.Join(", ", special.Items.Keys))}");
        return StoredTensor.Create(storage, type, offset, shape, strides, cursor);
    }

    private static long[]? Numbers(object value) =>
        value is object[] { Length: <= PickleLimits.Rank } items && items.All(item => item is long) ? [.. items.Cast<long>()] : null;
}

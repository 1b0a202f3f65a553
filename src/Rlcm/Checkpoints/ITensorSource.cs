using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Named tensors of one file or several; opening reads what there is, each tensor is read by itself.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The file that was opened, for messages.</summary>
    string Path { get; }

    /// <summary>All tensors.</summary>
    IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The names of the tensors.</summary>
    IReadOnlyCollection<string> Keys { get; }

    /// <summary>The entry called <paramref name="key"/>.</summary>
    /// <exception cref="UserErrorException">There is no such tensor.</exception>
    TensorEntry this[string key] { get; }

    /// <summary>A new CPU tensor with the values of <paramref name="key"/> in their stored type.</summary>
    /// <exception cref="UserErrorException">There is no such tensor, or it cannot be read.</exception>
    Tensor Read(string key);
}

/// <summary>A tensor of an <see cref="ITensorSource"/>.</summary>
/// <param name="Name">The key.</param>
/// <param name="Dtype">The stored type of the elements.</param>
/// <param name="Shape">The dimensions; empty for a scalar.</param>
public sealed record TensorEntry(string Name, ScalarType Dtype, long[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, side) => product * side);
}

/// <summary>Reading in another type than that of the file.</summary>
public static class TensorSourceConversions
{
    /// <summary>A new Float32 CPU tensor with the values of <paramref name="key"/>, half precision widened.</summary>
    /// <exception cref="UserErrorException">There is no such tensor, or it cannot be read.</exception>
    public static Tensor ReadFloat(this ITensorSource source, string key)
    {
        var stored = source.Read(key);
        if (stored.dtype == ScalarType.Float32)
            return stored;
        using (stored)
            return stored.to(ScalarType.Float32);
    }
}

using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">The key.</param>
/// <param name="Dtype">The stored type of the elements.</param>
/// <param name="Shape">The dimensions; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past the last byte, counted from the end of the header.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Dtype, long[] Shape, long Begin, long End)
{
    /// <summary>The tensor, wherever it is.</summary>
    public TensorEntry Tensor { get; } = new(Name, Dtype, Shape);

    /// <summary>The size in bytes.</summary>
    public long ByteCount => End - Begin;
}

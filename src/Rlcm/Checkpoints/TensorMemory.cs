using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>The raw memory of contiguous CPU tensors of any size; <c>Tensor.bytes</c> is a span and ends at 2 GB.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>The address of the first element of a non-empty, contiguous CPU tensor; valid while the tensor lives.</summary>
    public static byte* Pointer(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var first = tensor.detach().view(-1).narrow(0, 0, 1);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}

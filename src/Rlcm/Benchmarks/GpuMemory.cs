using System.Runtime.InteropServices;
using Rlcm.Runtime;

namespace Rlcm.Benchmarks;

/// <summary>Memory of a GPU.</summary>
internal static class GpuMemory
{
    /// <summary>
    /// Bytes taken of GPU <paramref name="index"/>, by whatever program; null where the CUDA runtime does not tell. libtorch keeps what it was given once, so that after a run
    /// this is the most that the run needed at once.
    /// </summary>
    public static long? InUse(int index)
    {
        if (NativeTorch.CudaLibrary is not { } library || !NativeLibrary.TryGetExport(library, "cudaSetDevice", out var setDevice)
            || !NativeLibrary.TryGetExport(library, "cudaMemGetInfo", out var getInfo))
        {
            return null;
        }

        Marshal.GetDelegateForFunctionPointer<SetDevice>(setDevice)(index);
        return Marshal.GetDelegateForFunctionPointer<MemGetInfo>(getInfo)(out var free, out var total) == 0 ? (long)(total - free) : null;
    }

    private delegate int SetDevice(int index);

    private delegate int MemGetInfo(out nuint free, out nuint total);
}

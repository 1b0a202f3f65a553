using System.Runtime.InteropServices;
using Rlcm.Runtime;

namespace Rlcm.Benchmarks;

/// <summary>Memory of the current GPU.</summary>
internal static class GpuMemory
{
    /// <summary>
    /// Bytes taken, by whatever program; null where the CUDA runtime does not tell. libtorch keeps what it was given once, so that after a run
    /// this is the most that the run needed at once.
    /// </summary>
    public static long? InUse
    {
        get
        {
            if (NativeTorch.CudaLibrary is not { } library || !NativeLibrary.TryGetExport(library, "cudaMemGetInfo", out var export))
                return null;
            return Marshal.GetDelegateForFunctionPointer<MemGetInfo>(export)(out var free, out var total) == 0 ? (long)(total - free) : null;
        }
    }

    private delegate int MemGetInfo(out nuint free, out nuint total);
}

using System.Runtime.InteropServices;

namespace Rlcm.Runtime;

/// <summary>
/// How glibc keeps the memory of tensors. By default it gives blocks of many megabytes back to the system at once, and every operation of a
/// large network gets its result in pages that the system has to clear first: three fifths of the time of a U-Net of Stable Diffusion's size on
/// two cores. Kept, they are used again, for a peak that may be higher, since blocks of different sizes do not fill each other's places.
/// </summary>
internal static class NativeMemory
{
    // Parameters of mallopt, from malloc.h of glibc.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapMax = -4;
    private const int ArenaMax = -8;

    private static int _isKept;

    private const int Never = -1;
    private const int PadBytes = 1 << 26;

    /// <summary>
    /// Has freed memory kept for the next tensor, whatever thread makes it; nothing on systems without glibc. The process keeps its peak until
    /// it ends. Only the first call does anything: <c>mallopt</c> is not made for processes in which other threads compute already.
    /// </summary>
    public static void KeepFreed()
    {
        if (Interlocked.Exchange(ref _isKept, 1) == 1)
            return;
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out var libc) || !NativeLibrary.TryGetExport(libc, "mallopt", out var export))
            return;
        var mallopt = Marshal.GetDelegateForFunctionPointer<Mallopt>(export);
        mallopt(MmapMax, 0);
        mallopt(TrimThreshold, Never);
        mallopt(TopPad, PadBytes);
        mallopt(ArenaMax, 1);
    }

    /// <summary>Gives all that is free back to the system, once; nothing on systems without glibc.</summary>
    public static void GiveBack()
    {
        if (OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out var libc) && NativeLibrary.TryGetExport(libc, "malloc_trim", out var export))
            Marshal.GetDelegateForFunctionPointer<MallocTrim>(export)(0);
    }

    private delegate int MallocTrim(nuint pad);

    private delegate int Mallopt(int parameter, int value);
}

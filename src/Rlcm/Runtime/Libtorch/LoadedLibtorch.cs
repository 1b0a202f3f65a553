using System.Runtime.InteropServices;
using System.Text;

namespace Rlcm.Runtime.Libtorch;

/// <summary>The native libraries in this process; they stay until it ends.</summary>
/// <remarks>
/// All are loaded by their full paths, each after those it needs. The dynamic linker answers every later need of one, such as the shim's,
/// by the name (SONAME) of what is loaded already, so neither the shim's own search path nor LD_LIBRARY_PATH brings in another libtorch.
/// What PyTorch ships beside them (libgomp, whose name holds a hash; the CUDA libraries) they find by their own search paths.
/// </remarks>
internal sealed class LoadedLibtorch
{
    private const int Lazily = 1; // RTLD_LAZY: symbols are looked up when they are used
    private const int Now = 2;    // RTLD_NOW: all of them while loading, so that one that is missing is a message and not the end of the process
    private const int Global = 0x100; // RTLD_GLOBAL: whatever is loaded later sees the symbols

    private LoadedLibtorch(string folder, nint cpu, nint cuda, nint shim) => (Folder, Cpu, Cuda, Shim) = (folder, cpu, cuda, shim);

    /// <summary>Where libtorch came from.</summary>
    public string Folder { get; }

    /// <summary>The handle of libtorch_cpu.</summary>
    public nint Cpu { get; }

    /// <summary>The handle of libtorch_cuda; 0 where libtorch was built without CUDA.</summary>
    public nint Cuda { get; }

    /// <summary>The handle of TorchSharp's shim.</summary>
    public nint Shim { get; }

    /// <summary>The version that the library tells of itself, such as 2.10.0; null where it tells none.</summary>
    public string? Version
    {
        get
        {
            if (!NativeLibrary.TryGetExport(Cpu, "aoti_torch_abi_version", out var export))
                return null;
            var version = Marshal.GetDelegateForFunctionPointer<AbiVersion>(export)(); // one byte each: major, minor, patch
            return $"{version >> 56}.{(version >> 48) & 0xff}.{(version >> 40) & 0xff}";
        }
    }

    /// <summary>Loads the libtorch of <paramref name="folder"/> and the shim.</summary>
    /// <exception cref="DllNotFoundException">One of them cannot be loaded, or libtorch lacks a symbol that the shim needs.</exception>
    public static LoadedLibtorch Load(string folder, string shim)
    {
        var needs = Path.Combine(folder, "libtorch_global_deps.so"); // MKL, OpenMP and CUDA, where they come apart; PyTorch begins with it, too
        if (File.Exists(needs))
            Open(needs, Lazily | Global);
        Open(Path.Combine(folder, "libc10.so"), Lazily);
        var cpu = Open(Path.Combine(folder, "libtorch_cpu.so"), Lazily);
        nint cuda = 0;
        if (File.Exists(Path.Combine(folder, "libtorch_cuda.so")))
        {
            Open(Path.Combine(folder, "libc10_cuda.so"), Lazily);
            cuda = Open(Path.Combine(folder, "libtorch_cuda.so"), Lazily);
        }

        Open(Path.Combine(folder, "libtorch.so"), Lazily);
        return new(folder, cpu, cuda, Open(shim, Now));
    }

    /// <summary>See <see cref="NativeTorch.DisableNnpack"/>.</summary>
    public void DisableNnpack()
    {
        if (!NativeLibrary.TryGetExport(Cpu, "_ZN2at13globalContextEv", out var globalContext)
            || !NativeLibrary.TryGetExport(Cpu, "_ZN2at7Context20setUserEnabledNNPACKEb", out var setEnabled))
        {
            return;
        }

        var context = Marshal.GetDelegateForFunctionPointer<GlobalContext>(globalContext)();
        Marshal.GetDelegateForFunctionPointer<SetUserEnabledNnpack>(setEnabled)(context, 0);
    }

    /// <summary>
    /// What <see cref="NativeLibrary.Load(string)"/> does, but with <paramref name="mode"/>, and with the linker's own message. Both functions
    /// are found before they are called: to find the second one in between would clear the message.
    /// </summary>
    private static unsafe nint Open(string path, int mode)
    {
        var system = NativeLibrary.Load("libc.so.6");
        var open = (delegate* unmanaged<byte*, int, nint>)NativeLibrary.GetExport(system, "dlopen");
        var lastError = (delegate* unmanaged<nint>)NativeLibrary.GetExport(system, "dlerror");
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            var handle = open(name, mode);
            var message = lastError();
            return handle != 0 ? handle : throw new DllNotFoundException(Marshal.PtrToStringUTF8(message));
        }
    }

    private delegate ulong AbiVersion();

    private delegate nint GlobalContext();

    private delegate void SetUserEnabledNnpack(nint context, byte enabled);
}

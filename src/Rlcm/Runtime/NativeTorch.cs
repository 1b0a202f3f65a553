using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Rlcm.Runtime.Libtorch;

namespace Rlcm.Runtime;

/// <summary>
/// Where <c>torch</c> comes from: answers TorchSharp when it looks for its native libraries. These are the program's own libtorch, or that
/// of a PyTorch installation (<see cref="Use"/>), and TorchSharp's shim, or a copy of it on distributions with an older libstdc++.
/// </summary>
/// <remarks>
/// On Linux the program's libtorch lies in a folder of its own, <c>libtorch</c>, where .NET does not look. So TorchSharp's search for
/// libtorch_cpu fails, .NET raises <see cref="AssemblyLoadContext.ResolvingUnmanagedDll"/>, and the choice is ours; nothing is loaded before
/// <c>torch</c> is touched. A libtorch that .NET found first would be loaded beside the chosen one, and two in a process abort it.
/// </remarks>
public static class NativeTorch
{
    /// <summary>The version of libtorch that TorchSharp was built with.</summary>
    public const string ExpectedVersion = "2.10.0";

    private static readonly Lock Gate = new();
    private static LoadedLibtorch? s_loaded;

    /// <summary>One sentence on what has to be done for TorchSharp to load on this system, or null when nothing has.</summary>
    public static string? Preparation => OwnNatives.Shim is null ? null : OwnNatives.PreparedShim.Note;

    /// <summary>The libtorch that was chosen with <see cref="Use"/>; null for the program's own.</summary>
    public static LibtorchFolder? Chosen { get; private set; }

    /// <summary>
    /// Loads nothing by itself: touching this assembly is what lets TorchSharp find libtorch. For programs that use <c>torch</c> before anything of Rlcm.
    /// </summary>
    public static void EnsureLoaded() => RuntimeHelpers.RunModuleConstructor(typeof(NativeTorch).Module.ModuleHandle);

    /// <summary>
    /// Has <c>torch</c> use another libtorch than the program's own: one of PyTorch, CUDA included. Call it before anything touches
    /// <c>torch</c>. A libtorch that does not fit can end the process, so probe it in another one first: there, call this method and
    /// then <see cref="TorchProbe.Run"/>.
    /// </summary>
    /// <exception cref="UserErrorException">As <see cref="RequireChoice"/>.</exception>
    /// <exception cref="InvalidOperationException">libtorch is loaded already.</exception>
    public static void Use(LibtorchFolder folder)
    {
        RequireChoice();
        lock (Gate)
        {
            if (s_loaded is not null)
                throw new InvalidOperationException($"libtorch was loaded from {s_loaded.Folder} already; choose {folder.Path} before torch is used.");
            Chosen = folder;
        }
    }

    /// <summary>Returns where this program can use another libtorch than its own.</summary>
    /// <exception cref="UserErrorException">The system is not Linux on x64, or .NET finds a libtorch of the program's first.</exception>
    public static void RequireChoice()
    {
        if (!IsSupported)
            throw new UserErrorException($"Another libtorch can be used on Linux x64 only, found {RuntimeInformation.RuntimeIdentifier}; go without it.");
        if (OwnNatives.FoundByRuntime() is { } found)
            throw new UserErrorException($"Another libtorch cannot be used by a program that carries one where .NET loads it, found {found}; build the program with -p:LibTorch=cpu, or go without.");
    }

    /// <summary>Loads the native libraries, as the first touch of <c>torch</c> does; null on other systems than Linux x64 and in programs that carry no shim.</summary>
    /// <exception cref="DllNotFoundException">One of them cannot be loaded.</exception>
    internal static LoadedLibtorch? Load()
    {
        if (!IsSupported || OwnNatives.Shim is null)
            return null;
        lock (Gate)
            return s_loaded ??= LoadedLibtorch.Load(Chosen?.Path ?? OwnNatives.Folder, OwnNatives.PreparedShim.Path);
    }

    /// <summary>Handle of libtorch_cuda, which leads to the CUDA runtime as well; null where there is none.</summary>
    internal static nint? CudaLibrary => Load()?.Cuda is { } handle and not 0 ? handle : null;

    /// <summary>
    /// Keeps libtorch from trying NNPACK, which convolutions of a single picture do: where NNPACK does not know the processor, libtorch
    /// writes a warning for every one of them, and where it does, they are computed otherwise than those of larger batches.
    /// </summary>
    internal static void DisableNnpack() => Load()?.DisableNnpack();

    /// <summary>
    /// What every use of networks begins with: <see cref="DisableNnpack"/>, <see cref="NativeMemory.KeepFreed"/>, and 32-bit floats that
    /// are those on GPUs as well: convolutions there would by default round their inputs to 11 digits (TF32), otherwise for every batch size, and
    /// the policy's ratio would not start at 1.
    /// </summary>
    internal static void Tune()
    {
        DisableNnpack();
        TorchSharp.torch.backends.cudnn.allow_tf32 = false;
        NativeMemory.KeepFreed();
    }

    /// <summary>Runs before any other code of this assembly, hence before the first touch of <c>torch</c> through it.</summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        var context = AssemblyLoadContext.GetLoadContext(typeof(NativeTorch).Assembly) ?? AssemblyLoadContext.Default;
        context.ResolvingUnmanagedDll += Resolve;
    }

    private static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>TorchSharp asks for these three, in this order; the second is there with CUDA only.</summary>
    private static nint Resolve(Assembly assembly, string library) => assembly.GetName().Name != "TorchSharp" ? 0 : library switch
    {
        "torch_cpu" => Load()?.Cpu ?? 0,
        "torch_cuda" => Load()?.Cuda ?? 0,
        "LibTorchSharp" => Load()?.Shim ?? 0,
        _ => 0,
    };
}

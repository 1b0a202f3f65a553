using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Rlcm.Runtime;

/// <summary>
/// Makes TorchSharp load on distributions whose libstdc++ is older than the one its native shim was built with
/// (GCC 12: Debian 12, Ubuntu 22.04, RHEL 9).
/// </summary>
/// <remarks>
/// The shim of TorchSharp 0.107 needs symbol version GLIBCXX_3.4.32 only because GCC 13's &lt;iostream&gt; mentions
/// <c>ios_base_library_init</c>; nothing calls it. A private copy whose need points at GLIBCXX_3.4.30 is loaded first, so that
/// TorchSharp's own probing by name finds it already there. The original file stays as it is.
/// </remarks>
public static class NativeTorch
{
    internal const string Needed = "GLIBCXX_3.4.32";
    internal const string Substitute = "GLIBCXX_3.4.30";
    private const string Shim = "libLibTorchSharp.so";

    /// <summary>One sentence on what was done at start-up, or null when nothing had to be done.</summary>
    public static string? Preparation { get; private set; }

    /// <summary>
    /// Does nothing by itself: touching this assembly is what loads the natives. For programs that use <c>torch</c> before anything of Rlcm.
    /// </summary>
    public static void EnsureLoaded() => RuntimeHelpers.RunModuleConstructor(typeof(NativeTorch).Module.ModuleHandle);

    /// <summary>Runs before any other code of this assembly, hence before the first touch of <c>torch</c> through it.</summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return;

        var folder = FindNatives(AppContext.BaseDirectory);
        if (folder is null || SystemProvides(Needed))
            return;

        if (PrepareIn(CacheFolder(), Path.Combine(folder, Shim)) is not { } copy)
            return;

        foreach (var library in (string[])["libc10.so", "libtorch_cpu.so", "libtorch.so"])
            NativeLibrary.TryLoad(Path.Combine(folder, library), out _);
        if (NativeLibrary.TryLoad(copy, out _)) // fails where a program carries the shim without libtorch, which TorchSharp reports itself
            Preparation = $"All is well: this system's libstdc++ is older than TorchSharp expects, so a copy of its shim that needs {Substitute} instead of {Needed} is in use ({copy}).";
    }

    /// <summary>
    /// Keeps libtorch from trying NNPACK, which convolutions of a single picture do: where NNPACK does not know the processor, libtorch
    /// writes a warning for every one of them, and where it does, they are computed otherwise than those of larger batches.
    /// </summary>
    internal static void DisableNnpack()
    {
        var folder = FindNatives(AppContext.BaseDirectory);
        if (folder is null || !NativeLibrary.TryLoad(Path.Combine(folder, "libtorch_cpu.so"), out var torch)
            || !NativeLibrary.TryGetExport(torch, "_ZN2at13globalContextEv", out var globalContext)
            || !NativeLibrary.TryGetExport(torch, "_ZN2at7Context20setUserEnabledNNPACKEb", out var setEnabled))
        {
            return;
        }

        var context = Marshal.GetDelegateForFunctionPointer<GlobalContext>(globalContext)();
        Marshal.GetDelegateForFunctionPointer<SetUserEnabledNnpack>(setEnabled)(context, 0);
    }

    private delegate nint GlobalContext();

    private delegate void SetUserEnabledNnpack(nint context, byte enabled);

    /// <summary>
    /// Writes a copy of <paramref name="shim"/> that does not need <see cref="Needed"/> below <paramref name="cache"/> and returns its path;
    /// null when the file has no such need.
    /// </summary>
    internal static string? Prepare(string shim, string cache)
    {
        var image = File.ReadAllBytes(shim);
        var name = Convert.ToHexStringLower(SHA256.HashData(image))[..16];
        var copy = Path.Combine(cache, name, Shim);
        if (File.Exists(copy))
            return copy;
        if (!ElfVersionNeed.Redirect(image, Needed, Substitute))
            return null;

        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        var temporary = $"{copy}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>As <see cref="Prepare"/>, below a new temporary folder where <paramref name="cache"/> cannot be written; null where neither can, which TorchSharp reports itself.</summary>
    internal static string? PrepareIn(string cache, string shim)
    {
        foreach (var folder in (Func<string>[])[() => cache, () => Directory.CreateTempSubdirectory("rlcm-native-").FullName])
        {
            try
            {
                return Prepare(shim, folder());
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // on to the next folder
            }
        }

        return null;
    }

    /// <summary>True when the system's libstdc++ defines <paramref name="version"/>; true as well when none is found, for then there is nothing to mend.</summary>
    internal static bool SystemProvides(string version)
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out _))
            return true;

        var path = File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(file => Path.GetFileName(file).StartsWith("libstdc++.so.6", StringComparison.Ordinal));
        return path is null || File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(version + "\0")) >= 0;
    }

    /// <summary>The folder that holds the shim: runtimes/linux-x64/native of a build, or the program's own folder when published.</summary>
    internal static string? FindNatives(string baseDirectory) =>
        ((string[])[Path.Combine(baseDirectory, "runtimes", "linux-x64", "native"), baseDirectory])
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, Shim)));

    private static string CacheFolder()
    {
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length > 0 ? Path.Combine(data, "rlcm", "native") : Path.Combine(AppContext.BaseDirectory, "rlcm-native");
    }
}

namespace Rlcm.Runtime.Libtorch;

/// <summary>The native libraries that the program carries: TorchSharp's shim and a libtorch.</summary>
internal static class OwnNatives
{
    private static readonly Lazy<TorchShim> Prepared = new(() => TorchShim.Prepare(Shim!));

    /// <summary>The shim as TorchSharp's package brings it: in runtimes/linux-x64/native of a build, in the program's own folder when published. Null where it is not carried.</summary>
    public static string? Shim { get; } = FindShim(AppContext.BaseDirectory);

    /// <summary>The shim that this system can load.</summary>
    public static TorchShim PreparedShim => Prepared.Value;

    /// <summary>The folder of the libtorch: where the runtime finds it, or else our own folder.</summary>
    public static string Folder => FoundByRuntime() is { } found ? Path.GetDirectoryName(found)! : Path.Combine(AppContext.BaseDirectory, "libtorch");

    /// <summary>The libtorch that .NET finds by itself: of a program that references TorchSharp's native packages. Null where there is none.</summary>
    public static string? FoundByRuntime() => FoundIn(AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? string.Empty);

    internal static string? FindShim(string baseDirectory) =>
        ((string[])[Path.Combine(baseDirectory, "runtimes", "linux-x64", "native"), baseDirectory])
            .Select(folder => Path.Combine(folder, TorchShim.FileName)).FirstOrDefault(File.Exists);

    internal static string? FoundIn(string searchDirectories) =>
        searchDirectories.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append(AppContext.BaseDirectory)
            .Select(folder => Path.Combine(folder, "libtorch_cpu.so")).FirstOrDefault(File.Exists);
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Rlcm.Runtime.Libtorch;

/// <summary>
/// TorchSharp's shim, <c>libLibTorchSharp.so</c>, in the form that this system can load: a private copy where libstdc++ is older than the
/// one it was built with (GCC 12: Debian 12, Ubuntu 22.04, RHEL 9).
/// </summary>
/// <param name="Path">The file to load.</param>
/// <param name="Note">One sentence about the copy; null for the original.</param>
/// <remarks>
/// The shim of TorchSharp 0.107 needs symbol version GLIBCXX_3.4.32 only because GCC 13's &lt;iostream&gt; mentions
/// <c>ios_base_library_init</c>; nothing calls it. In the copy that need points at GLIBCXX_3.4.30. The original file stays as it is.
/// </remarks>
internal sealed record TorchShim(string Path, string? Note)
{
    public const string FileName = "libLibTorchSharp.so";
    public const string Needed = "GLIBCXX_3.4.32";
    public const string Substitute = "GLIBCXX_3.4.30";

    /// <summary>The form of <paramref name="original"/> that this system can load; the original where no copy can be made, which fails with the system's message.</summary>
    public static TorchShim Prepare(string original) =>
        SystemProvides(Needed) || CopyTo(CacheFolder(), original) is not { } copy
            ? new(original, null)
            : new(copy, $"All is well: this system's libstdc++ is older than TorchSharp expects, so a copy of its shim that needs {Substitute} instead of {Needed} is in use ({copy}).");

    /// <summary>As <see cref="Copy"/>, below a new temporary folder where <paramref name="cache"/> cannot be written; null where neither can.</summary>
    internal static string? CopyTo(string cache, string original)
    {
        foreach (var folder in (Func<string>[])[() => cache, () => Directory.CreateTempSubdirectory("rlcm-native-").FullName])
        {
            try
            {
                return Copy(original, folder());
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // on to the next folder
            }
        }

        return null;
    }

    /// <summary>
    /// Writes a copy of <paramref name="original"/> that does not need <see cref="Needed"/> below <paramref name="cache"/> and returns its path;
    /// null when the file has no such need.
    /// </summary>
    internal static string? Copy(string original, string cache)
    {
        var image = File.ReadAllBytes(original);
        var name = Convert.ToHexStringLower(SHA256.HashData(image))[..16];
        var copy = System.IO.Path.Combine(cache, name, FileName);
        if (File.Exists(copy))
            return copy;
        if (!ElfVersionNeed.Redirect(image, Needed, Substitute))
            return null;

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
        var temporary = $"{copy}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>True when the system's libstdc++ defines <paramref name="version"/>; true as well when none is found, for then there is nothing to mend.</summary>
    internal static bool SystemProvides(string version)
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out _))
            return true;

        var path = File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(file => System.IO.Path.GetFileName(file).StartsWith("libstdc++.so.6", StringComparison.Ordinal));
        return path is null || File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.ASCII.GetBytes(version + "\0")) >= 0;
    }

    private static string CacheFolder()
    {
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length > 0 ? System.IO.Path.Combine(data, "rlcm", "native") : System.IO.Path.Combine(AppContext.BaseDirectory, "rlcm-native");
    }
}

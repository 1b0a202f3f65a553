using System.Text;
using System.Text.RegularExpressions;

namespace Rlcm.Runtime.Libtorch;

/// <summary>A folder with the libraries of a libtorch, such as <c>torch/lib</c> of a PyTorch installation.</summary>
public sealed partial class LibtorchFolder
{
    private const string Remedy = "name the folder of PyTorch that python -c \"import torch; print(torch.__path__[0])\" prints";

    private static readonly string[] Libraries = ["libc10.so", "libtorch.so", "libtorch_cpu.so"];

    private LibtorchFolder(string path, string? version) => (Path, Version) = (path, version);

    /// <summary>The folder of the libraries, as a full path.</summary>
    public string Path { get; }

    /// <summary>The version as PyTorch or the distribution of libtorch states it beside the folder, such as <c>2.10.0+cu128</c>; null where nothing states it.</summary>
    public string? Version { get; }

    /// <summary>Finds the libraries in <paramref name="directory"/>: <c>torch/lib</c>, the <c>torch</c> folder around it, or a folder that libtorch was unpacked into. Loads nothing.</summary>
    /// <exception cref="UserErrorException">There is no such folder, or it holds no libtorch.</exception>
    public static LibtorchFolder Find(string directory)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(directory));
        if (!Directory.Exists(full))
            throw new UserErrorException($"Cannot find libtorch: expected a folder, found {(File.Exists(full) ? "a file" : "nothing")} at {full}; {Remedy}.");

        string[] candidates = [full, System.IO.Path.Combine(full, "lib")];
        if (Array.Find(candidates, folder => Missing(folder).Length == 0) is { } found)
            return new(found, ReadVersion(found));
        var (nearest, missing) = candidates.Select(folder => (folder, Missing(folder))).MinBy(pair => pair.Item2.Length);
        throw new UserErrorException(missing.Length == Libraries.Length
            ? $"Cannot find libtorch: expected {string.Join(", ", Libraries)} in {full} or in its folder lib, found none of them; {Remedy}."
            : $"Cannot use the libtorch of {nearest}: expected {string.Join(", ", Libraries)}, found no {string.Join(", no ", missing)}; {Remedy}.");
    }

    private static string[] Missing(string folder) => [.. Libraries.Where(name => !File.Exists(System.IO.Path.Combine(folder, name)))];

    /// <summary>From torch/version.py of PyTorch or from build-version of a libtorch distribution, both beside lib.</summary>
    private static string? ReadVersion(string folder)
    {
        if (System.IO.Path.GetFileName(folder) != "lib")
            return null;
        var parent = System.IO.Path.GetDirectoryName(folder)!;
        var (python, distribution) = (System.IO.Path.Combine(parent, "version.py"), System.IO.Path.Combine(parent, "build-version"));
        if (File.Exists(python) && PythonVersion().Match(Text(python)) is { Success: true } match)
            return match.Groups["version"].Value;
        return File.Exists(distribution) && Text(distribution).Trim() is { Length: > 0 } version ? version : null;
    }

    private static string Text(string path) => Encoding.UTF8.GetString(UserFile.Read(path));

    [GeneratedRegex(@"^__version__(\s*:\s*str)?\s*=\s*['""](?<version>[^'""]+)['""]", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PythonVersion();
}

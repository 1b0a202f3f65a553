using System.Security.Cryptography;
using System.Text;

namespace Rlcm.Runtime;

/// <summary>What tells files apart by their content.</summary>
public static class FileHash
{
    /// <summary>SHA-256 of the file at <paramref name="path"/>, 64 lower-case hex digits.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Sha256(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>One SHA-256 for several files, whose names below <paramref name="folder"/> count, too.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static string Sha256(string folder, IEnumerable<string> files)
    {
        var lines = files.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(file => $"{Path.GetRelativePath(folder, file).Replace('\\', '/')} {Sha256(file)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}

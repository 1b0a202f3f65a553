using System.Security.Cryptography;

namespace Rlcm.Runtime;

/// <summary>What tells files apart by their content.</summary>
internal static class FileHash
{
    /// <summary>SHA-256 of the file at <paramref name="path"/>, 64 lower-case hex digits.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Sha256(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

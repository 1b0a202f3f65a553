using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rlcm.Models.Hub;

/// <summary>What the Hub says of a file's content, and how the file is called among the blobs of the cache.</summary>
/// <param name="Hex">Lower-case hexadecimal: SHA-256 of a large file, or the name that git gives to a small one.</param>
internal readonly record struct HubDigest(string Hex)
{
    private const int Portion = 1 << 20;
    private const int Sha256Digits = 64;
    private const int GitDigits = 40;

    /// <summary>Which digest this is, for messages.</summary>
    public string Kind => IsGit ? "git SHA-1" : "SHA-256";

    private bool IsGit => Hex.Length == GitDigits;

    /// <summary>Whether <paramref name="text"/> is a digest, and so a safe name of a file.</summary>
    public static bool IsValid(string? text) => text is { Length: GitDigits or Sha256Digits } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The same kind of digest of the file at <paramref name="path"/>.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task<HubDigest> OfFileAsync(string path, CancellationToken stop)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
        await using (stream)
        {
            using var hash = IncrementalHash.CreateHash(IsGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
            if (IsGit)
                hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0"))); // git hash-object
            var buffer = ArrayPool<byte>.Shared.Rent(Portion);
            try
            {
                while (await stream.ReadAsync(buffer, stop) is var read and > 0)
                    hash.AppendData(buffer.AsSpan(0, read));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            return new(Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
    }
}

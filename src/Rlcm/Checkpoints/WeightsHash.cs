using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>What tells networks apart by their weights, however these are kept in files.</summary>
public static class WeightsHash
{
    private const int ShownDigits = 12;

    /// <summary>
    /// SHA-256 of all weights as 32-bit floats, little-endian, each in row-major order, one after another in ordinal order of their keys; 64 lower-case
    /// hex digits. Shards, old names and the order in a file make no difference, the precision of what was stored does.
    /// </summary>
    public static string Sha256(nn.Module network)
    {
        using var noGrad = no_grad();
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, weight) in network.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            sha.AppendData(weight.detach().cpu().to(ScalarType.Float32).contiguous().bytes);
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    /// <summary>The first digits of a hash, for people.</summary>
    public static string Abbreviate(string hash) => hash.Length > ShownDigits ? hash[..ShownDigits] : hash;
}

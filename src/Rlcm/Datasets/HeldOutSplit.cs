using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rlcm.Datasets;

/// <summary>Which pictures no stage may train on.</summary>
public static class HeldOutSplit
{
    /// <summary>Name of the part that is trained on.</summary>
    public const string Train = "train";

    /// <summary>Name of the part that is held out.</summary>
    public const string Test = "test";

    private const int TestPercent = 5;

    /// <summary>
    /// The split of a normalized code point: SHA-256 modulo 100 below 5 is test. It depends on nothing but the code point, so that
    /// all vendors' drawings of one emoji fall on the same side; pictures of the 45 animals are always in train.
    /// </summary>
    public static string Of(string codepoint)
    {
        if (AnimalTable.ShownBy(codepoint) is not null)
            return Train;
        var hash = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(codepoint)));
        return hash % 100 < TestPercent ? Test : Train;
    }
}

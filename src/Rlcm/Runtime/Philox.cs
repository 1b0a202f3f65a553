namespace Rlcm.Runtime;

/// <summary>Four 32-bit words: a Philox counter, or the block of random words made from it.</summary>
public readonly record struct PhiloxWords(uint W0, uint W1, uint W2, uint W3);

/// <summary>
/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011):
/// a keyed bijection of 128-bit counters, so that any random word can be computed without those before it.
/// </summary>
public static class Philox
{
    private const int Rounds = 10;
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9; // golden ratio
    private const uint Weyl1 = 0xBB67AE85; // sqrt(3) - 1

    /// <summary>The block of four random words at <paramref name="counter"/> under <paramref name="key"/> (low word first).</summary>
    public static PhiloxWords Block(PhiloxWords counter, ulong key)
    {
        var (w0, w1, w2, w3) = counter;
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            var product0 = (ulong)Multiplier0 * w0;
            var product1 = (ulong)Multiplier1 * w2;
            w0 = (uint)(product1 >> 32) ^ w1 ^ k0;
            w1 = (uint)product1;
            w2 = (uint)(product0 >> 32) ^ w3 ^ k1;
            w3 = (uint)product0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return new PhiloxWords(w0, w1, w2, w3);
    }
}

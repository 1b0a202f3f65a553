namespace Rlcm.Runtime;

/// <summary>The random words of one address in order, for draws whose count is not known beforehand (rejection sampling).</summary>
internal struct PhiloxStream(RandomAddress address)
{
    private readonly ulong _key = address.Seed;
    private readonly PhiloxWords _counter = address.Counter();
    private PhiloxWords _block;
    private ulong _position;

    /// <summary>The next 32 random bits.</summary>
    public uint Next()
    {
        var word = _position & 3;
        if (word == 0)
            _block = Philox.Block(_counter with { W0 = checked((uint)(_position >> 2)) }, _key);
        _position++;
        return word switch { 0 => _block.W0, 1 => _block.W1, 2 => _block.W2, _ => _block.W3 };
    }

    /// <summary>
    /// An unbiased integer in 0..n-1: the high half of word * n, with the words rejected that would favor some results
    /// (Lemire, "Fast Random Integer Generation in an Interval", 2019).
    /// </summary>
    public int Below(uint n)
    {
        var product = (ulong)Next() * n;
        if ((uint)product < n)
        {
            var threshold = (0u - n) % n; // 2^32 mod n
            while ((uint)product < threshold)
                product = (ulong)Next() * n;
        }

        return (int)(product >> 32);
    }
}

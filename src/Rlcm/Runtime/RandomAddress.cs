namespace Rlcm.Runtime;

/// <summary>
/// The address of a stream of random numbers. Equal addresses give equal numbers in every process, whatever else was drawn before;
/// different addresses of one seed never share a Philox block.
/// </summary>
/// <remarks>
/// Layout: key = <paramref name="Seed"/>; counter words, low first = block within the stream, item, update, (purpose &lt;&lt; 24) | step.
/// Hence the ranges of the parameters, which are checked when numbers are drawn.
/// </remarks>
/// <param name="Seed">The run's seed, all 64 bits of it.</param>
/// <param name="Purpose">What the numbers are for.</param>
/// <param name="Update">Update, epoch or training step, 0 to 2^32 - 1.</param>
/// <param name="Item">Image within the update, or row or parameter index, 0 to 2^32 - 1.</param>
/// <param name="Step">Sampling step i, or inner epoch, 0 to 2^24 - 1.</param>
public readonly record struct RandomAddress(ulong Seed, RandomPurpose Purpose, long Update = 0, long Item = 0, int Step = 0)
{
    private const int StepBits = 24;

    /// <summary>The Philox counter of the first block of this stream; block b has b as its lowest word.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A component lies outside its range.</exception>
    internal PhiloxWords Counter()
    {
        Check(Update, uint.MaxValue, nameof(Update));
        Check(Item, uint.MaxValue, nameof(Item));
        Check(Step, (1 << StepBits) - 1, nameof(Step));
        Check((long)Purpose, byte.MaxValue, nameof(Purpose));
        return new PhiloxWords(0, (uint)Item, (uint)Update, ((uint)Purpose << StepBits) | (uint)Step);
    }

    private static void Check(long value, long maximum, string name)
    {
        if (value < 0 || value > maximum)
            throw new ArgumentOutOfRangeException(name, value, $"{name} of a random address must lie in 0..{maximum}.");
    }
}

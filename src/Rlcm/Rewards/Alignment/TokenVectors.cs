namespace Rlcm.Rewards.Alignment;

/// <summary>The tokens of a sentence in their context: a unit vector and a weight for each.</summary>
public sealed class TokenVectors
{
    private readonly float[] _values;

    /// <param name="values">[S, width] vectors of any length above zero; they are brought to length 1.</param>
    /// <param name="width">Numbers of a vector.</param>
    /// <param name="weights">[S], zero for tokens that count in no average.</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other.</exception>
    public TokenVectors(IReadOnlyList<float> values, int width, IReadOnlyList<double> weights)
    {
        if (values.Count != (long)width * weights.Count)
            throw new ArgumentException($"Expected {weights.Count} vectors of {width} numbers, found {values.Count} numbers.", nameof(values));
        (Width, Weights) = (width, weights);
        _values = [.. values.Chunk(Math.Max(1, width)).SelectMany(ToUnit)];
    }

    /// <summary>S.</summary>
    public int Count => Weights.Count;

    /// <summary>Numbers of a vector.</summary>
    public int Width { get; }

    /// <summary>[S].</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>The unit vector of token <paramref name="index"/>, [width].</summary>
    public ReadOnlySpan<float> this[int index] => _values.AsSpan(index * Width, Width);

    private static IEnumerable<float> ToUnit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(value => (double)value * value));
        return vector.Select(value => (float)(value / length));
    }
}

using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>Draws row numbers with given weights: a pure function of the address, so that a resumed run draws the same.</summary>
public sealed class WeightedDraw
{
    private readonly double[] _cumulative;

    /// <param name="weights">One non-negative weight per row; their sum is positive.</param>
    public WeightedDraw(IReadOnlyList<double> weights)
    {
        _cumulative = new double[weights.Count];
        var sum = 0.0;
        for (var i = 0; i < weights.Count; i++)
            _cumulative[i] = sum += weights[i];
        if (!(sum > 0))
            throw new UserErrorException("There is nothing to draw from: no picture of the dataset has a positive weight.");
    }

    /// <summary><paramref name="count"/> rows, with replacement.</summary>
    public int[] Rows(RandomAddress address, int count)
    {
        var uniforms = new double[count];
        AddressedRandom.Uniform(address, uniforms);
        return [.. uniforms.Select(uniform => Find(uniform * _cumulative[^1]))];
    }

    private int Find(double target)
    {
        var index = Array.BinarySearch(_cumulative, target);
        index = index >= 0 ? index + 1 : ~index;
        return Math.Min(index, _cumulative.Length - 1);
    }
}

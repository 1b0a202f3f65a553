using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// Averages of weights over training: average = d average + (1 - d) value. The decay d starts low, d = min(decay, (1 + n) / (10 + n))
/// after n updates, so that the random start is soon forgotten (as <c>tf.train.ExponentialMovingAverage</c> with <c>num_updates</c>).
/// </summary>
/// <param name="weights">Each weight under its name, with the tensor of its shape that holds its average, initially equal to it.</param>
/// <param name="decay">The final decay, in [0, 1).</param>
public sealed class ExponentialMovingAverage(IEnumerable<(string Name, Tensor Value, Tensor Average)> weights, double decay)
{
    private readonly (string Name, Tensor Value, Tensor Average)[] _weights = [.. weights];

    /// <summary>Updates so far; a checkpoint keeps it and sets it again.</summary>
    public long Count { get; set; }

    /// <summary>The decay of update number <paramref name="count"/>, from 0.</summary>
    public static double DecayAt(long count, double decay) => Math.Min(decay, (1.0 + count) / (10.0 + count));

    /// <summary>Moves every average towards its weight.</summary>
    public void Update()
    {
        using var noGrad = no_grad();
        var current = DecayAt(Count++, decay);
        foreach (var (_, value, average) in _weights)
            average.mul_(Kept(current)).add_(value, Kept(1 - current));
    }

    /// <summary>The averages, live, under <c>ema.NAME</c>.</summary>
    public IEnumerable<(string Key, Tensor Value)> State() => _weights.Select(weight => ($"ema.{weight.Name}", weight.Average));
}

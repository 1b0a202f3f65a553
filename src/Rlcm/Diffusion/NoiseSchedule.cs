using Rlcm.Runtime;

namespace Rlcm.Diffusion;

/// <summary>The cumulative products a_t of a diffusion's forward process, in float32 as PyTorch computes them.</summary>
public sealed class NoiseSchedule
{
    /// <summary>diffusers' name of the beta schedule that is computed here.</summary>
    public const string ScaledLinear = "scaled_linear";

    private readonly float[] _alphasCumprod;

    private NoiseSchedule(float[] alphasCumprod) => _alphasCumprod = alphasCumprod;

    /// <summary>a_t for t = 0..T-1.</summary>
    public ReadOnlySpan<float> AlphasCumprod => _alphasCumprod;

    /// <summary>T, the number of training timesteps.</summary>
    public int TrainTimesteps => _alphasCumprod.Length;

    /// <summary>The noise level at timestep <paramref name="timestep"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The timestep is not in 0..T-1.</exception>
    public NoiseLevel this[int timestep]
    {
        get
        {
            if ((uint)timestep >= (uint)TrainTimesteps)
                throw new ArgumentOutOfRangeException(nameof(timestep), timestep, $"The schedule has timesteps 0..{TrainTimesteps - 1}.");
            return new NoiseLevel(timestep, _alphasCumprod[timestep]);
        }
    }

    /// <summary>
    /// The schedule of a diffusers <c>scheduler_config.json</c>. <c>scaled_linear</c>: the square roots of the betas are evenly spaced
    /// (Rombach et al. 2022; diffusers, scheduling_lcm.py).
    /// </summary>
    /// <exception cref="UserErrorException">Another beta schedule, or numbers that make none.</exception>
    public static NoiseSchedule FromConfig(double betaStart, double betaEnd, string betaSchedule, int trainTimesteps)
    {
        if (betaSchedule != ScaledLinear)
            throw new UserErrorException($"scheduler config: beta_schedule '{betaSchedule}' is not supported, expected '{ScaledLinear}'; use a model made with that schedule.");
        if (!(betaStart > 0 && betaStart <= betaEnd && betaEnd < 1) || trainTimesteps < 2)
            throw new UserErrorException($"scheduler config: expected 0 < beta_start <= beta_end < 1 and num_train_timesteps >= 2, found {betaStart}, {betaEnd} and {trainTimesteps}; correct the file.");

        var alphasCumprod = new float[trainTimesteps];
        var product = 1.0; // PyTorch's float32 cumprod accumulates in double
        for (var t = 0; t < trainTimesteps; t++)
        {
            var root = Linspace((float)Math.Sqrt(betaStart), (float)Math.Sqrt(betaEnd), trainTimesteps, t);
            var alpha = 1 - root * root;
            product *= alpha;
            alphasCumprod[t] = (float)product;
        }

        return new NoiseSchedule(alphasCumprod);
    }

    /// <summary>A schedule from given cumulative products [T].</summary>
    /// <exception cref="ArgumentException">They do not fall from below 1 to above 0.</exception>
    public static NoiseSchedule FromAlphasCumprod(ReadOnlySpan<float> alphasCumprod)
    {
        var previous = 1f;
        foreach (var alpha in alphasCumprod)
        {
            if (!(alpha > 0 && alpha < previous))
                throw new ArgumentException("Cumulative products must fall strictly, from below 1 to above 0.", nameof(alphasCumprod));
            previous = alpha;
        }

        return new NoiseSchedule(alphasCumprod.ToArray());
    }

    /// <summary>
    /// Point <paramref name="index"/> of PyTorch's float32 linspace on x86-64, bit for bit: the second half is counted from the end, and
    /// each vector of eight adds multiples of the step to a first point that is one fused multiply-add.
    /// </summary>
    private static float Linspace(float start, float end, int count, int index)
    {
        const int vector = 8;
        var step = (end - start) / (count - 1);
        var first = index / vector * vector;
        var origin = first < count / 2
            ? MathF.FusedMultiplyAdd(step, first, start)
            : MathF.FusedMultiplyAdd(-step, count - 1 - first, end);
        return origin + step * (index - first);
    }
}

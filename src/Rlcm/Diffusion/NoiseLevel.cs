using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>One point of a noise schedule: x_t = <see cref="Signal"/> x0 + <see cref="Noise"/> n with n standard normal.</summary>
/// <param name="Timestep">t, 0..T-1; -1 for <see cref="Clean"/>.</param>
/// <param name="AlphaCumprod">a_t, the product of 1 - beta up to t.</param>
public readonly record struct NoiseLevel(int Timestep, double AlphaCumprod)
{
    /// <summary>No noise at all: a = 1, where diffusers' <c>set_alpha_to_one</c> ends.</summary>
    public static NoiseLevel Clean { get; } = new(-1, 1);

    /// <summary>sqrt(a_t).</summary>
    public double Signal => Math.Sqrt(AlphaCumprod);

    /// <summary>sqrt(1 - a_t), also the standard deviation of x_t given x0.</summary>
    public double Noise => Math.Sqrt(1 - AlphaCumprod);
}

/// <summary>Turns coefficients computed in double precision into factors of a batch.</summary>
internal static class PerImage
{
    /// <summary>
    /// The coefficient of every image as a float32 tensor that broadcasts over <paramref name="batch"/> [B, ...]:
    /// a scalar when all share the one element of <paramref name="source"/>, else [B, 1, ...].
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="source"/> holds neither one nor B elements.</exception>
    public static Tensor Coefficients<T>(ReadOnlySpan<T> source, Tensor batch, Func<T, double> coefficient)
    {
        if (source.Length == 1)
            return tensor((float)coefficient(source[0])); // a 0-d CPU tensor combines with any device

        var shape = batch.shape;
        if (shape.Length == 0 || source.Length != shape[0])
            throw new ArgumentException($"Expected one element for the batch or one per image, found {source.Length} for a batch of shape [{string.Join(", ", shape)}].", nameof(source));

        var values = new float[source.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)coefficient(source[i]);
        Array.Fill(shape, 1, 1, shape.Length - 1);
        return tensor(values, shape, device: batch.device);
    }
}

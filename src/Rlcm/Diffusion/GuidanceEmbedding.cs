using static TorchSharp.torch;

namespace Rlcm.Diffusion;

/// <summary>
/// The guidance scale as the network sees it: w = guidance - 1, times 1000, sinusoidal, into <c>time_embedding.cond_proj</c>
/// (Luo et al. 2023; diffusers' <c>get_guidance_scale_embedding</c>).
/// </summary>
public static class GuidanceEmbedding
{
    /// <summary>Width of the published LCM models (<c>time_cond_proj_dim</c>).</summary>
    public const int DefaultWidth = 256;

    /// <summary>
    /// [B, <paramref name="width"/>] float32 on the CPU: sines of 1000 w / 10000^(k / (width/2 - 1)) for k = 0..width/2 - 1, then the cosines.
    /// </summary>
    /// <remarks>Arguments are rounded to float32 as in PyTorch; sin(7000 f) amplifies that rounding to about 1e-3.</remarks>
    /// <param name="guidanceScales">One guidance scale per image; w is one less.</param>
    /// <param name="width">Even, at least 4.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is odd or below 4.</exception>
    public static Tensor Create(ReadOnlySpan<double> guidanceScales, int width = DefaultWidth)
    {
        if (width < 4 || width % 2 != 0)
            throw new ArgumentOutOfRangeException(nameof(width), width, "The width of the guidance embedding must be even and at least 4.");

        var half = width / 2;
        var rate = (float)(Math.Log(10000) / (half - 1));
        var values = new float[guidanceScales.Length * width];
        for (var row = 0; row < guidanceScales.Length; row++)
        {
            var scaled = (float)(guidanceScales[row] - 1) * 1000f;
            for (var k = 0; k < half; k++)
            {
                var frequency = (float)Math.Exp(k * -rate);
                var argument = scaled * frequency;
                values[row * width + k] = (float)Math.Sin(argument);
                values[row * width + half + k] = (float)Math.Cos(argument);
            }
        }

        return tensor(values, [guidanceScales.Length, width]);
    }
}

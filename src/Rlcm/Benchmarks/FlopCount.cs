using System.Globalization;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using static TorchSharp.torch;

namespace Rlcm.Benchmarks;

/// <summary>
/// Floating-point operations of the plain graph, two for each multiply-add: convolutions, linear layers and attention. Norms, activations,
/// recomputation and adapters do not count.
/// </summary>
/// <param name="Layers">Of convolutions and linear layers.</param>
/// <param name="Attention">Of q k' and (q k') v.</param>
public readonly record struct FlopCount(double Layers, double Attention)
{
    /// <summary>A forward pass.</summary>
    public double Forward => Layers + Attention;

    /// <summary>
    /// A forward pass of the U-Net.
    /// </summary>
    /// <param name="unet">The network.</param>
    /// <param name="batch">B.</param>
    /// <param name="height">h, of the latents.</param>
    /// <param name="width">w, of the latents.</param>
    /// <param name="tokens">S, of the text.</param>
    public static FlopCount OfUnet(UNet2DConditionModel unet, long batch, long height, long width, long tokens) =>
        Sum(unet, batch, key => UnetPositions(key, unet.Config.Levels, height, width, tokens), key => key.Contains(".attn1.", StringComparison.Ordinal) ? null : tokens);

    /// <summary>The backward pass of the U-Net to adapters of its attention: gradients of inputs, but where nothing that is trained lies before.</summary>
    /// <inheritdoc cref="OfUnet" path="/param"/>
    public static FlopCount OfUnetBackward(UNet2DConditionModel unet, long batch, long height, long width, long tokens)
    {
        var forward = Sum(unet, batch, key => NeedsInputGradient(key) ? UnetPositions(key, unet.Config.Levels, height, width, tokens) : 0, key => key.Contains(".attn1.", StringComparison.Ordinal) ? null : tokens);
        return forward with { Attention = 2 * forward.Attention }; // gradients of both factors of each product
    }

    /// <summary>Decoding.</summary>
    /// <param name="vae">The network.</param>
    /// <param name="batch">B.</param>
    /// <param name="height">h, of the latents.</param>
    /// <param name="width">w, of the latents.</param>
    public static FlopCount OfDecoder(AutoencoderKL vae, long batch, long height, long width) =>
        Sum(vae, batch, key => DecoderPositions(key, vae.Config.BlockOutChannels.Length, height, width), _ => null);

    /// <summary>
    /// Every weight is used once at each position of its output. Attention is found by its query projection: 2 T S C for each of its two products.
    /// </summary>
    private static FlopCount Sum(nn.Module network, long batch, Func<string, double> positions, Func<string, long?> contextTokens)
    {
        using var scope = NewDisposeScope();
        var (layers, attention) = (0.0, 0.0);
        foreach (var (key, weight) in network.state_dict())
        {
            var shape = weight.shape;
            if (shape.Length < 2)
                continue;
            var count = positions(key);
            layers += 2 * count * shape.Aggregate(1.0, (product, side) => product * side);
            if (key.EndsWith("to_q.weight", StringComparison.Ordinal))
                attention += 4 * count * (contextTokens(key) ?? count) * shape[0];
        }

        return new(batch * layers, batch * attention);
    }

    private static double UnetPositions(string key, int levels, long height, long width, long tokens)
    {
        if (key.StartsWith("time_embedding.", StringComparison.Ordinal) || key.Contains(".time_emb_proj.", StringComparison.Ordinal))
            return 1;
        if (key.Contains(".attn2.to_k.", StringComparison.Ordinal) || key.Contains(".attn2.to_v.", StringComparison.Ordinal))
            return tokens;
        var level = Index(key, "down_blocks.") is { } down ? down
            : Index(key, "up_blocks.") is { } up ? levels - 1 - up
            : key.StartsWith("mid_block.", StringComparison.Ordinal) ? levels - 1 : 0;
        if (key.Contains(".downsamplers.", StringComparison.Ordinal))
            level++;
        else if (key.Contains(".upsamplers.", StringComparison.Ordinal))
            level--;
        return Area(height, width, level);
    }

    private static bool NeedsInputGradient(string key) =>
        !key.StartsWith("conv_in.", StringComparison.Ordinal) && !key.StartsWith("down_blocks.0.resnets.0.", StringComparison.Ordinal)
        && !key.Contains("time_emb", StringComparison.Ordinal) && !key.Contains(".attn2.to_k.", StringComparison.Ordinal) && !key.Contains(".attn2.to_v.", StringComparison.Ordinal);

    private static double DecoderPositions(string key, int levels, long height, long width)
    {
        if (key.StartsWith("encoder.", StringComparison.Ordinal) || key.StartsWith("quant_conv.", StringComparison.Ordinal))
            return 0;
        var finest = levels - 1;
        var doublings = Index(key, "decoder.up_blocks.") is { } up ? up + (key.Contains(".upsamplers.", StringComparison.Ordinal) ? 1 : 0)
            : key.StartsWith("decoder.conv_out.", StringComparison.Ordinal) ? finest : 0;
        return height * (double)width * Math.Pow(4, doublings);
    }

    /// <summary>Pixels of a level; odd sizes are rounded up where they are halved.</summary>
    private static double Area(long height, long width, int level)
    {
        for (; level > 0; level--)
            (height, width) = ((height + 1) / 2, (width + 1) / 2);
        return height * (double)width;
    }

    private static int? Index(string key, string prefix) => key.StartsWith(prefix, StringComparison.Ordinal)
        ? int.Parse(key[prefix.Length..key.IndexOf('.', prefix.Length)], CultureInfo.InvariantCulture)
        : null;
}

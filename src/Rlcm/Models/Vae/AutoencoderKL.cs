using Rlcm.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Vae;

/// <summary>
/// Maps pictures in -1..1 to latents and back (diffusers <c>AutoencoderKL</c>; Rombach et al. 2022).
/// Latents here are unscaled; the pipeline multiplies by <see cref="AutoencoderKLConfig.ScalingFactor"/>.
/// </summary>
public sealed class AutoencoderKL : Module<Tensor, Tensor>
{
    internal const double NormEps = 1e-6;

    private readonly Encoder encoder;
    private readonly Decoder decoder;
    private readonly Conv2d quant_conv;
    private readonly Conv2d post_quant_conv;

    /// <summary>Builds the network; its weights are to be loaded or initialized.</summary>
    public AutoencoderKL(AutoencoderKLConfig config)
        : base(nameof(AutoencoderKL))
    {
        Config = config;
        encoder = new(config);
        decoder = new(config);
        quant_conv = Conv2d(2 * config.LatentChannels, 2 * config.LatentChannels, 1);
        post_quant_conv = Conv2d(config.LatentChannels, config.LatentChannels, 1);
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public AutoencoderKLConfig Config { get; }

    /// <summary>The 1x1 convolution that ends in means and log-variances.</summary>
    internal Conv2d EncoderProjection => quant_conv;

    /// <summary>The 1x1 convolution that reads latents.</summary>
    internal Conv2d DecoderProjection => post_quant_conv;

    /// <summary>Encodes pictures [B, 3, H, W] in -1..1 to the mean and log-variance of their latents, each [B, C, H/f, W/f].</summary>
    public LatentDistribution Encode(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var moments = quant_conv.forward(encoder.forward(pictures.ToChannelsLast())).chunk(2, dim: 1);
        return new(
            moments[0].contiguous().MoveToOuterDisposeScope(),
            moments[1].clamp(Kept(-30), Kept(20)).contiguous().MoveToOuterDisposeScope());
    }

    /// <summary>Decodes unscaled latents [B, C, h, w] to pictures [B, 3, h f, w f], about -1..1 and not clamped.</summary>
    public Tensor Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        return latents.ToChannelsLast().Then(post_quant_conv.forward).Then(decoder.forward).Then(map => map.contiguous()).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes the mean latents of <paramref name="input"/>: the reconstruction, [B, 3, H, W].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Decode(Encode(input).Mean).MoveToOuterDisposeScope();
    }

    private sealed class Encoder : Module<Tensor, Tensor>
    {
        private readonly Conv2d conv_in;
        private readonly ModuleList<DownEncoderBlock> down_blocks;
        private readonly VaeMidBlock mid_block;
        private readonly GroupNorm conv_norm_out;
        private readonly Conv2d conv_out;

        public Encoder(AutoencoderKLConfig config)
            : base(nameof(Encoder))
        {
            conv_in = Conv2d(config.InChannels, config.BlockOutChannels[0], 3, padding: 1);
            down_blocks = [];
            for (var level = 0; level < config.BlockOutChannels.Length; level++)
                down_blocks.Add(new(level, config));
            mid_block = new(config);
            conv_norm_out = GroupNorm(config.NormNumGroups, config.BlockOutChannels[^1], NormEps);
            conv_out = Conv2d(config.BlockOutChannels[^1], 2 * config.LatentChannels, 3, padding: 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            x = conv_in.forward(x);
            foreach (var block in down_blocks)
                x = block.forward(x);
            return conv_out.forward(functional.silu(conv_norm_out.forward(mid_block.forward(x))));
        }
    }

    private sealed class Decoder : Module<Tensor, Tensor>
    {
        private readonly Conv2d conv_in;
        private readonly VaeMidBlock mid_block;
        private readonly ModuleList<UpDecoderBlock> up_blocks;
        private readonly GroupNorm conv_norm_out;
        private readonly Conv2d conv_out;

        public Decoder(AutoencoderKLConfig config)
            : base(nameof(Decoder))
        {
            conv_in = Conv2d(config.LatentChannels, config.BlockOutChannels[^1], 3, padding: 1);
            mid_block = new(config);
            up_blocks = [];
            for (var level = config.BlockOutChannels.Length - 1; level >= 0; level--)
                up_blocks.Add(new(level, config));
            conv_norm_out = GroupNorm(config.NormNumGroups, config.BlockOutChannels[0], NormEps);
            conv_out = Conv2d(config.BlockOutChannels[0], config.OutChannels, 3, padding: 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor z)
        {
            var x = conv_in.forward(z).Then(mid_block.forward);
            foreach (var block in up_blocks)
                x = x.Then(block.forward);
            return x.Then(conv_norm_out.forward).ThenSilu().Then(conv_out.forward);
        }
    }
}

/// <summary>The encoder's diagonal Gaussian over latents.</summary>
/// <param name="Mean">[B, C, h, w].</param>
/// <param name="LogVariance">[B, C, h, w], clamped to -30..20.</param>
public readonly record struct LatentDistribution(Tensor Mean, Tensor LogVariance);

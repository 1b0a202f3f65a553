using Rlcm.Models.Layers;
using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Unet;

/// <summary>The noise predictor of a latent consistency or diffusion model (diffusers <c>UNet2DConditionModel</c>; Rombach et al. 2022).</summary>
public sealed class UNet2DConditionModel : Module<UNetInput, Tensor>
{
    /// <summary>Key of the weight that only models with a guidance embedding have.</summary>
    public const string GuidanceProjection = "time_embedding.cond_proj.weight";

    private readonly LoraConv2d conv_in;
    private readonly TimestepEmbedding time_embedding;
    private readonly ModuleList<UNetDownBlock> down_blocks;
    private readonly UNetMidBlock mid_block;
    private readonly ModuleList<UNetUpBlock> up_blocks;
    private readonly GroupNorm conv_norm_out;
    private readonly LoraConv2d conv_out;

    /// <summary>Builds the network; its weights are to be loaded or initialized.</summary>
    public UNet2DConditionModel(UNet2DConditionConfig config)
        : base(nameof(UNet2DConditionModel))
    {
        Config = config;
        var first = config.BlockOutChannels[0];
        conv_in = new(config.InChannels, first, 3, padding: 1);
        time_embedding = new(first, config.TimeEmbeddingWidth, config.TimeCondProjDim);

        down_blocks = [];
        for (var level = 0; level < config.Levels; level++)
            down_blocks.Add(new(config.BlockOutChannels[Math.Max(level - 1, 0)], level, config));
        mid_block = new(config);
        up_blocks = [];
        for (var level = config.Levels - 1; level >= 0; level--)
            up_blocks.Add(new(level, config));

        conv_norm_out = GroupNorm(config.NormNumGroups, first, config.NormEps);
        conv_out = new(first, config.OutChannels, 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public UNet2DConditionConfig Config { get; }

    /// <summary>
    /// Whether residual blocks and transformers keep their inputs alone for the backward pass and compute what lies between a second time:
    /// much less memory for a third more work (diffusers' <c>enable_gradient_checkpointing</c>).
    /// </summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Predicts the noise in <c>Sample</c>: [B, C, h, w] Float32, contiguous. Computed in the type of the weights.</summary>
    public override Tensor forward(UNetInput input)
    {
        using var scope = NewDisposeScope();
        var dtype = conv_in.BaseWeight.dtype;
        var sinusoids = TimestepEmbedding.Sinusoids(input.Timesteps, Config.BlockOutChannels[0]).to(dtype);
        var time = functional.silu(time_embedding.forward(sinusoids, input.GuidanceEmbedding?.to(dtype)));
        var condition = new BlockCondition(time, input.Text.to(dtype), GradientCheckpointing);

        var x = conv_in.forward(input.Sample.to(dtype).ToChannelsLast());
        var skips = new Stack<Tensor>();
        skips.Push(x);
        foreach (var block in down_blocks)
            x = block.Forward(x, condition, skips);
        x = mid_block.Forward(x, condition);
        foreach (var block in up_blocks)
            x = block.Forward(x, condition, skips);

        x = x.Then(conv_norm_out.forward).ThenSilu().Then(conv_out.forward);
        return x.to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope();
    }
}

/// <summary>What the U-Net reads.</summary>
/// <param name="Sample">Noisy latents, [B, C, h, w].</param>
/// <param name="Timesteps">[B], integer timesteps 0..999.</param>
/// <param name="Text">Text embeddings, [B, S, D].</param>
/// <param name="GuidanceEmbedding">[B, time_cond_proj_dim]; null for models without it.</param>
public readonly record struct UNetInput(Tensor Sample, Tensor Timesteps, Tensor Text, Tensor? GuidanceEmbedding);

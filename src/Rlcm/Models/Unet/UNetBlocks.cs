using Rlcm.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Unet;

/// <summary>What every block gets besides the feature map.</summary>
/// <param name="ActivatedTime">SiLU of the time embedding, [B, 4 C0].</param>
/// <param name="Text">Text embeddings, [B, S, D].</param>
/// <param name="Recomputes">Whether activations are computed again in the backward pass instead of kept, one residual block or transformer at a time.</param>
internal readonly record struct BlockCondition(Tensor ActivatedTime, Tensor Text, bool Recomputes)
{
    private Tensor Apply(ResnetBlock2D block, Tensor x) => Recomputes ? GradientCheckpoint.Run(block, block.forward, x, ActivatedTime) : block.forward(x, ActivatedTime);

    /// <summary>A residual block and the transformer after it, where there is one.</summary>
    public Tensor Apply(ResnetBlock2D block, Transformer2DModel? transformer, Tensor x)
    {
        var condition = this;
        var map = Apply(block, x);
        return transformer is null ? map : map.Then(input => condition.Apply(transformer, input));
    }

    private Tensor Apply(Transformer2DModel transformer, Tensor x) => Recomputes ? GradientCheckpoint.Run(transformer, transformer.forward, x, Text) : transformer.forward(x, Text);
}

/// <summary>Going down: residual blocks, each with a transformer where the block attends to text (diffusers <c>DownBlock2D</c>, <c>CrossAttnDownBlock2D</c>).</summary>
internal sealed class UNetDownBlock : Module
{
    private readonly ModuleList<Transformer2DModel>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Downsample2D>? downsamplers;

    public UNetDownBlock(long inChannels, int level, UNet2DConditionConfig config)
        : base(nameof(UNetDownBlock))
    {
        var channels = config.BlockOutChannels[level];
        attentions = config.DownBlockAttends(level) ? [] : null;
        resnets = [];
        for (var i = 0; i < config.LayersPerBlock; i++)
        {
            resnets.Add(new(i == 0 ? inChannels : channels, channels, config.TimeEmbeddingWidth, config.NormNumGroups, config.NormEps));
            attentions?.Add(new(channels, config.Heads(level), config));
        }

        downsamplers = level < config.Levels - 1 ? [new Downsample2D(channels, padsRightAndBottom: false)] : null;
        RegisterComponents();
    }

    /// <summary>Returns the map for the next level and pushes every intermediate map on <paramref name="skips"/>.</summary>
    public Tensor Forward(Tensor x, BlockCondition condition, Stack<Tensor> skips)
    {
        for (var i = 0; i < resnets.Count; i++)
        {
            x = condition.Apply(resnets[i], attentions?[i], x);
            skips.Push(x);
        }

        if (downsamplers is not null)
        {
            x = downsamplers[0].forward(x);
            skips.Push(x);
        }

        return x;
    }
}

/// <summary>The bottom: residual block, transformer, residual block (diffusers <c>UNetMidBlock2DCrossAttn</c>).</summary>
internal sealed class UNetMidBlock : Module
{
    private readonly ModuleList<Transformer2DModel> attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;

    public UNetMidBlock(UNet2DConditionConfig config)
        : base(nameof(UNetMidBlock))
    {
        var channels = config.BlockOutChannels[^1];
        ResnetBlock2D Resnet() => new(channels, channels, config.TimeEmbeddingWidth, config.NormNumGroups, config.NormEps);
        resnets = [Resnet(), Resnet()];
        attentions = [new Transformer2DModel(channels, config.Heads(config.Levels - 1), config)];
        RegisterComponents();
    }

    public Tensor Forward(Tensor x, BlockCondition condition)
    {
        return condition.Apply(resnets[0], attentions[0], x).Then(map => condition.Apply(resnets[1], null, map));
    }
}

/// <summary>Going up: each residual block also reads the map of the same size from the way down (diffusers <c>UpBlock2D</c>, <c>CrossAttnUpBlock2D</c>).</summary>
internal sealed class UNetUpBlock : Module
{
    private readonly ModuleList<Transformer2DModel>? attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Upsample2D>? upsamplers;

    /// <param name="level">Level of this block counted from the top; blocks are built from the lowest to level 0.</param>
    /// <param name="config">The model's configuration.</param>
    public UNetUpBlock(int level, UNet2DConditionConfig config)
        : base(nameof(UNetUpBlock))
    {
        var channels = config.BlockOutChannels[level];
        var below = config.BlockOutChannels[Math.Min(level + 1, config.Levels - 1)];
        var above = config.BlockOutChannels[Math.Max(level - 1, 0)];
        attentions = config.UpBlockAttends(level) ? [] : null;
        resnets = [];
        var layers = config.LayersPerBlock + 1;
        for (var i = 0; i < layers; i++)
        {
            var input = i == 0 ? below : channels;
            var skip = i == layers - 1 ? above : channels;
            resnets.Add(new(input + skip, channels, config.TimeEmbeddingWidth, config.NormNumGroups, config.NormEps));
            attentions?.Add(new(channels, config.Heads(level), config));
        }

        upsamplers = level > 0 ? [new Upsample2D(channels)] : null;
        RegisterComponents();
    }

    public Tensor Forward(Tensor x, BlockCondition condition, Stack<Tensor> skips)
    {
        for (var i = 0; i < resnets.Count; i++)
        {
            using var skip = skips.Pop();
            x = x.Then(map => cat([map, skip], dim: 1)).Then(both => condition.Apply(resnets[i], attentions?[i], both));
        }

        if (upsamplers is null)
            return x;
        var size = skips.Peek().shape;
        return x.Then(map => upsamplers[0].Forward(map, size[2], size[3]));
    }
}

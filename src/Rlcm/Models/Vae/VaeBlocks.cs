using Rlcm.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Vae;

/// <summary>Residual blocks of one encoder level, then a halving (diffusers <c>DownEncoderBlock2D</c>).</summary>
internal sealed class DownEncoderBlock : Module<Tensor, Tensor>
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Downsample2D>? downsamplers;

    public DownEncoderBlock(int level, AutoencoderKLConfig config)
        : base(nameof(DownEncoderBlock))
    {
        var channels = config.BlockOutChannels[level];
        var input = config.BlockOutChannels[Math.Max(level - 1, 0)];
        resnets = [];
        for (var i = 0; i < config.LayersPerBlock; i++)
            resnets.Add(new(i == 0 ? input : channels, channels, timeChannels: null, config.NormNumGroups, AutoencoderKL.NormEps));
        downsamplers = level < config.BlockOutChannels.Length - 1 ? [new Downsample2D(channels, padsRightAndBottom: true)] : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var resnet in resnets)
            x = resnet.forward(x, null);
        return downsamplers is null ? x : downsamplers[0].forward(x);
    }
}

/// <summary>Residual blocks of one decoder level, then a doubling (diffusers <c>UpDecoderBlock2D</c>).</summary>
internal sealed class UpDecoderBlock : Module<Tensor, Tensor>
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<Upsample2D>? upsamplers;

    public UpDecoderBlock(int level, AutoencoderKLConfig config)
        : base(nameof(UpDecoderBlock))
    {
        var channels = config.BlockOutChannels[level];
        var input = config.BlockOutChannels[Math.Min(level + 1, config.BlockOutChannels.Length - 1)];
        resnets = [];
        for (var i = 0; i <= config.LayersPerBlock; i++)
            resnets.Add(new(i == 0 ? input : channels, channels, timeChannels: null, config.NormNumGroups, AutoencoderKL.NormEps));
        upsamplers = level > 0 ? [new Upsample2D(channels)] : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var map = resnets[0].forward(x, null);
        foreach (var resnet in resnets.Skip(1))
            map = map.Then(input => resnet.forward(input, null));
        return upsamplers is null ? map : map.Then(upsamplers[0].forward);
    }
}

/// <summary>Residual block, attention, residual block at the lowest resolution (diffusers <c>UNetMidBlock2D</c>).</summary>
internal sealed class VaeMidBlock : Module<Tensor, Tensor>
{
    private readonly ModuleList<AttentionBlock> attentions;
    private readonly ModuleList<ResnetBlock2D> resnets;

    public VaeMidBlock(AutoencoderKLConfig config)
        : base(nameof(VaeMidBlock))
    {
        var channels = config.BlockOutChannels[^1];
        ResnetBlock2D Resnet() => new(channels, channels, timeChannels: null, config.NormNumGroups, AutoencoderKL.NormEps);
        attentions = [new AttentionBlock(channels, config.NormNumGroups, AutoencoderKL.NormEps)];
        resnets = [Resnet(), Resnet()];
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        resnets[0].forward(x, null).Then(attentions[0].forward).Then(map => resnets[1].forward(map, null));
}

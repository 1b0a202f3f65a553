using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>A 1x1 convolution with the weight of one, [out, in, 1, 1], applied to tokens [B, T, in].</summary>
internal sealed class PointwiseConv2d : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public PointwiseConv2d(long inChannels, long outChannels)
        : base(nameof(PointwiseConv2d))
    {
        weight = Parameter(zeros(outChannels, inChannels, 1, 1));
        bias = Parameter(zeros(outChannels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens) => functional.linear(tokens, weight.flatten(1), bias);
}

using Rlcm.Models.Lora;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>A 1x1 convolution with the weight of one, [out, in, 1, 1], applied to tokens [B, T, in].</summary>
internal sealed class PointwiseConv2d : LoraLayer
{
    public PointwiseConv2d(long inChannels, long outChannels)
        : base(nameof(PointwiseConv2d), [outChannels, inChannels, 1, 1], hasBias: true) => RegisterComponents();

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) => functional.linear(input, weight.flatten(1), bias);
}

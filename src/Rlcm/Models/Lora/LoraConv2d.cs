using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Lora;

/// <summary>A convolution that an adapter can be attached to, [B, inChannels, H, W] -> [B, outChannels, H', W'].</summary>
/// <remarks>As in peft, A is a convolution of the same kernel to r channels, [r, in, k, k], and B one of 1x1, [out, r, 1, 1].</remarks>
public sealed class LoraConv2d : LoraLayer
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="kernel">k, height and width of the kernel.</param>
    /// <param name="stride">Step of the kernel.</param>
    /// <param name="padding">Zeros on every side.</param>
    public LoraConv2d(long inChannels, long outChannels, long kernel, long stride = 1, long padding = 0)
        : base(nameof(LoraConv2d), [outChannels, inChannels, kernel, kernel], hasBias: true)
    {
        (_stride, _padding) = ([stride, stride], [padding, padding]);
        RegisterComponents();
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) => functional.conv2d(input, weight, bias, _stride, _padding);

    private protected override Tensor ApplyUp(Tensor down, Tensor up) => functional.conv2d(down, up);
}

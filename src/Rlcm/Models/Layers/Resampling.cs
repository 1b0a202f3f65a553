using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>Halves height and width with a strided 3x3 convolution (diffusers <c>Downsample2D</c>).</summary>
internal sealed class Downsample2D : Module<Tensor, Tensor>
{
    private readonly LoraConv2d conv;
    private readonly bool _padsRightAndBottom;

    /// <param name="channels">C of input and output.</param>
    /// <param name="padsRightAndBottom">True in the VAE encoder, which pads (0, 1, 0, 1); false in the U-Net, which pads 1 on all sides.</param>
    public Downsample2D(long channels, bool padsRightAndBottom)
        : base(nameof(Downsample2D))
    {
        _padsRightAndBottom = padsRightAndBottom;
        conv = new(channels, channels, 3, stride: 2, padding: padsRightAndBottom ? 0 : 1);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W] -> [B, C, H/2, W/2].</param>
    public override Tensor forward(Tensor x) =>
        conv.forward(_padsRightAndBottom ? functional.pad(x, [0, 1, 0, 1]).ToChannelsLast() : x);
}

/// <summary>Doubles height and width: nearest neighbor, then a 3x3 convolution (diffusers <c>Upsample2D</c>).</summary>
internal sealed class Upsample2D : Module<Tensor, Tensor>
{
    private readonly LoraConv2d conv;

    public Upsample2D(long channels)
        : base(nameof(Upsample2D))
    {
        conv = new(channels, channels, 3, padding: 1);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W] -> [B, C, 2H, 2W].</param>
    public override Tensor forward(Tensor x) => Forward(x, 2 * x.shape[2], 2 * x.shape[3]);

    /// <summary>[B, C, H, W] -> [B, C, height, width], for maps whose size was odd before it was halved.</summary>
    public Tensor Forward(Tensor x, long height, long width) =>
        functional.interpolate(x, size: [height, width], mode: InterpolationMode.Nearest).Then(conv.forward);
}

using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>
/// Residual block: norm, SiLU, convolution, time shift, norm, SiLU, convolution (diffusers <c>ResnetBlock2D</c>).
/// </summary>
internal sealed class ResnetBlock2D : Module<Tensor, Tensor?, Tensor>
{
    private readonly GroupNorm norm1;
    private readonly LoraConv2d conv1;
    private readonly LoraLinear? time_emb_proj;
    private readonly GroupNorm norm2;
    private readonly LoraConv2d conv2;
    private readonly LoraConv2d? conv_shortcut;

    /// <param name="inChannels">C of the input.</param>
    /// <param name="outChannels">C of the output; a 1x1 shortcut is added where it differs.</param>
    /// <param name="timeChannels">Width of the time embedding; null for blocks without (VAE).</param>
    /// <param name="groups">Groups of both norms.</param>
    /// <param name="eps">Epsilon of both norms: 1e-5 in the U-Net, 1e-6 in the VAE.</param>
    public ResnetBlock2D(long inChannels, long outChannels, long? timeChannels, long groups, double eps)
        : base(nameof(ResnetBlock2D))
    {
        norm1 = GroupNorm(groups, inChannels, eps);
        conv1 = new(inChannels, outChannels, 3, padding: 1);
        time_emb_proj = timeChannels is { } width ? new(width, outChannels, hasBias: true) : null;
        norm2 = GroupNorm(groups, outChannels, eps);
        conv2 = new(outChannels, outChannels, 3, padding: 1);
        conv_shortcut = inChannels != outChannels ? new(inChannels, outChannels, 1) : null;
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W].</param>
    /// <param name="activatedTime">SiLU of the time embedding, [B, timeChannels]; null where the block has no time shift.</param>
    public override Tensor forward(Tensor x, Tensor? activatedTime)
    {
        using var scope = NewDisposeScope();
        var h = norm1.forward(x).ThenSilu().Then(conv1.forward);
        if (time_emb_proj is not null)
            h = h.Then(map => map.Plus(time_emb_proj.forward(activatedTime!).unsqueeze(-1).unsqueeze(-1)));
        h = h.Then(norm2.forward).ThenSilu().Then(conv2.forward);
        var shortcut = conv_shortcut is null ? x : conv_shortcut.forward(x);
        return shortcut.Plus(h).MoveToOuterDisposeScope();
    }
}

using Rlcm.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Vae;

/// <summary>Single-head attention over the pixels of a feature map, with norm and residual (diffusers <c>Attention</c> in <c>UNetMidBlock2D</c>).</summary>
internal sealed class AttentionBlock : Module<Tensor, Tensor>
{
    private readonly GroupNorm group_norm;
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly ModuleList<Linear> to_out;

    public AttentionBlock(long channels, long groups, double eps)
        : base(nameof(AttentionBlock))
    {
        group_norm = GroupNorm(groups, channels, eps);
        to_q = Linear(channels, channels);
        to_k = Linear(channels, channels);
        to_v = Linear(channels, channels);
        to_out = [Linear(channels, channels)];
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W] -> [B, C, H, W].</param>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var shape = x.shape;
        var tokens = group_norm.forward(x).ToTokens();
        Tensor Head(Linear projection) => projection.forward(tokens).unsqueeze(1); // [B, 1, T, C]
        var attended = functional.scaled_dot_product_attention(Head(to_q), Head(to_k), Head(to_v));
        return x.Plus(to_out[0].forward(attended.squeeze(1)).ToMap(shape[2], shape[3])).MoveToOuterDisposeScope();
    }
}

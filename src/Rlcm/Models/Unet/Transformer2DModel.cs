using Rlcm.Models.Layers;
using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Unet;

/// <summary>Transformer blocks over the pixels of a feature map (diffusers <c>Transformer2DModel</c>).</summary>
/// <remarks>Its projections are 1x1 convolutions or linear layers: two shapes of weight for one product, which is computed on tokens here.</remarks>
internal sealed class Transformer2DModel : Module<Tensor, Tensor, Tensor>
{
    private const double NormEps = 1e-6;

    private readonly GroupNorm norm;
    private readonly Module<Tensor, Tensor> proj_in;
    private readonly ModuleList<BasicTransformerBlock> transformer_blocks;
    private readonly Module<Tensor, Tensor> proj_out;

    public Transformer2DModel(long channels, int heads, UNet2DConditionConfig config)
        : base(nameof(Transformer2DModel))
    {
        norm = GroupNorm(config.NormNumGroups, channels, NormEps);
        proj_in = Projection(channels, config.UseLinearProjection);
        transformer_blocks = [];
        for (var i = 0; i < config.TransformerLayersPerBlock; i++)
            transformer_blocks.Add(new(channels, config.CrossAttentionDim, heads));
        proj_out = Projection(channels, config.UseLinearProjection);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W].</param>
    /// <param name="text">[B, S, textWidth].</param>
    public override Tensor forward(Tensor x, Tensor text)
    {
        using var scope = NewDisposeScope();
        var shape = x.shape;
        var tokens = norm.forward(x).Then(ChannelsLast.ToTokens).Then(proj_in.forward);
        foreach (var block in transformer_blocks)
            tokens = tokens.Then(input => block.forward(input, text));
        return x.Plus(proj_out.forward(tokens).ToMap(shape[2], shape[3])).MoveToOuterDisposeScope();
    }

    private static Module<Tensor, Tensor> Projection(long channels, bool linear) =>
        linear ? new LoraLinear(channels, channels, hasBias: true) : new PointwiseConv2d(channels, channels);
}

using Rlcm.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Unet;

/// <summary>Self-attention, cross-attention to the text, feed-forward; each after a layer norm and residual (diffusers <c>BasicTransformerBlock</c>).</summary>
internal sealed class BasicTransformerBlock : Module<Tensor, Tensor, Tensor>
{
    private readonly LayerNorm norm1;
    private readonly Attention attn1;
    private readonly LayerNorm norm2;
    private readonly Attention attn2;
    private readonly LayerNorm norm3;
    private readonly FeedForward ff;

    public BasicTransformerBlock(long width, long textWidth, int heads)
        : base(nameof(BasicTransformerBlock))
    {
        norm1 = LayerNorm(width);
        attn1 = new(width, width, heads, projectionBias: false);
        norm2 = LayerNorm(width);
        attn2 = new(width, textWidth, heads, projectionBias: false);
        norm3 = LayerNorm(width);
        ff = new(width);
        RegisterComponents();
    }

    /// <param name="tokens">[B, H*W, width].</param>
    /// <param name="text">[B, S, textWidth].</param>
    public override Tensor forward(Tensor tokens, Tensor text)
    {
        using var scope = NewDisposeScope();
        var normed = norm1.forward(tokens);
        tokens = tokens.Plus(attn1.forward(normed, normed));
        tokens = tokens.Plus(attn2.forward(norm2.forward(tokens), text));
        return tokens.Plus(ff.forward(norm3.forward(tokens))).MoveToOuterDisposeScope();
    }
}

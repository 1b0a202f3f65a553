using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>
/// Multi-head attention over tokens, self- or cross- (diffusers <c>Attention</c>). Its four projections accept LoRA adapters.
/// </summary>
internal sealed class Attention : Module<Tensor, Tensor, Tensor>
{
    private readonly LoraLinear to_q;
    private readonly LoraLinear to_k;
    private readonly LoraLinear to_v;
    private readonly ModuleList<LoraLinear> to_out;
    private readonly int _heads;

    /// <param name="queryWidth">Width of the queries and of the output.</param>
    /// <param name="contextWidth">Width of the tokens attended to.</param>
    /// <param name="heads">Number of heads; it divides <paramref name="queryWidth"/>.</param>
    /// <param name="projectionBias">Whether q, k and v have biases: false in transformer blocks, true in the VAE.</param>
    public Attention(long queryWidth, long contextWidth, int heads, bool projectionBias)
        : base(nameof(Attention))
    {
        _heads = heads;
        to_q = new(queryWidth, queryWidth, projectionBias);
        to_k = new(contextWidth, queryWidth, projectionBias);
        to_v = new(contextWidth, queryWidth, projectionBias);
        to_out = new(new LoraLinear(queryWidth, queryWidth, hasBias: true));
        RegisterComponents();
    }

    /// <param name="tokens">[B, T, queryWidth].</param>
    /// <param name="context">[B, S, contextWidth]; the tokens themselves for self-attention.</param>
    /// <returns>[B, T, queryWidth].</returns>
    public override Tensor forward(Tensor tokens, Tensor context)
    {
        using var scope = NewDisposeScope();
        var q = SplitHeads(to_q.forward(tokens));
        var k = SplitHeads(to_k.forward(context));
        var v = SplitHeads(to_v.forward(context));
        var attended = functional.scaled_dot_product_attention(q, k, v);
        return to_out[0].forward(attended.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private Tensor SplitHeads(Tensor x) => x.unflatten(2, [_heads, -1]).transpose(1, 2); // [B, heads, T, d]
}

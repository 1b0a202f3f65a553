using Rlcm.Models.Lora;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Layers;

/// <summary>Feed-forward part of a transformer block: GEGLU (Shazeer 2020) to four times the width, then back (diffusers <c>FeedForward</c>).</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    private readonly ModuleList<Module<Tensor, Tensor>> net;

    public FeedForward(long width)
        : base(nameof(FeedForward))
    {
        // Place 1 holds the dropout of the original, which has no weights.
        net = new(new Geglu(width, 4 * width), Identity(), new LoraLinear(4 * width, width, hasBias: true));
        RegisterComponents();
    }

    /// <param name="tokens">[B, T, width] -> [B, T, width].</param>
    public override Tensor forward(Tensor tokens) => net[0].forward(tokens).Then(net[2].forward);

    private sealed class Geglu : Module<Tensor, Tensor>
    {
        private readonly LoraLinear proj;

        public Geglu(long inWidth, long outWidth)
            : base(nameof(Geglu))
        {
            proj = new(inWidth, 2 * outWidth, hasBias: true);
            RegisterComponents();
        }

        public override Tensor forward(Tensor tokens)
        {
            using var scope = NewDisposeScope();
            var parts = proj.forward(tokens).chunk(2, dim: -1);
            return (parts[0] * functional.gelu(parts[1])).MoveToOuterDisposeScope();
        }
    }
}

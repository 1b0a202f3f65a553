using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>The transformer layers of one of CLIP's encoders (transformers <c>CLIPEncoder</c>).</summary>
internal sealed class ClipEncoder : Module<Tensor, Tensor>
{
    private readonly ModuleList<ClipEncoderLayer> layers;

    public ClipEncoder(ClipEncoderShape shape)
        : base(nameof(ClipEncoder))
    {
        layers = [];
        for (var i = 0; i < shape.Layers; i++)
            layers.Add(new(shape));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers)
            x = layer.forward(x);
        return x;
    }

    private sealed class ClipEncoderLayer : Module<Tensor, Tensor>
    {
        private readonly ClipAttention self_attn;
        private readonly LayerNorm layer_norm1;
        private readonly ClipMlp mlp;
        private readonly LayerNorm layer_norm2;

        public ClipEncoderLayer(ClipEncoderShape shape)
            : base(nameof(ClipEncoderLayer))
        {
            self_attn = new(shape);
            layer_norm1 = LayerNorm(shape.HiddenSize, shape.LayerNormEps);
            mlp = new(shape);
            layer_norm2 = LayerNorm(shape.HiddenSize, shape.LayerNormEps);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            x = x.Plus(self_attn.forward(layer_norm1.forward(x)));
            return x.Plus(mlp.forward(layer_norm2.forward(x))).MoveToOuterDisposeScope();
        }
    }

    private sealed class ClipAttention : Module<Tensor, Tensor>
    {
        private readonly Linear q_proj;
        private readonly Linear k_proj;
        private readonly Linear v_proj;
        private readonly Linear out_proj;
        private readonly int _heads;
        private readonly bool _isCausal;

        public ClipAttention(ClipEncoderShape shape)
            : base(nameof(ClipAttention))
        {
            _heads = shape.Heads;
            _isCausal = shape.IsCausal;
            q_proj = Linear(shape.HiddenSize, shape.HiddenSize);
            k_proj = Linear(shape.HiddenSize, shape.HiddenSize);
            v_proj = Linear(shape.HiddenSize, shape.HiddenSize);
            out_proj = Linear(shape.HiddenSize, shape.HiddenSize);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            Tensor Heads(Linear projection) => projection.forward(x).unflatten(2, [_heads, -1]).transpose(1, 2); // [B, heads, S, d]
            var attended = functional.scaled_dot_product_attention(Heads(q_proj), Heads(k_proj), Heads(v_proj), is_casual: _isCausal);
            return out_proj.forward(attended.transpose(1, 2).flatten(2));
        }
    }

    private sealed class ClipMlp : Module<Tensor, Tensor>
    {
        private readonly Linear fc1;
        private readonly Linear fc2;
        private readonly bool _quick;

        public ClipMlp(ClipEncoderShape shape)
            : base(nameof(ClipMlp))
        {
            _quick = shape.Activation == "quick_gelu";
            fc1 = Linear(shape.HiddenSize, shape.IntermediateSize);
            fc2 = Linear(shape.IntermediateSize, shape.HiddenSize);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var h = fc1.forward(x);
            return fc2.forward(_quick ? h * (Kept(1.702) * h).sigmoid() : functional.gelu(h)); // quick_gelu: x sigmoid(1.702 x)
        }
    }
}

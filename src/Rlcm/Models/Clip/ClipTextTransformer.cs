using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>Embeddings, layers and final norm of CLIP's text encoder (transformers <c>CLIPTextTransformer</c>).</summary>
internal sealed class ClipTextTransformer : Module<Tensor, Tensor>
{
    private readonly Embeddings embeddings;
    private readonly ClipEncoder encoder;
    private readonly LayerNorm final_layer_norm;

    public ClipTextTransformer(ClipTextConfig config)
        : base(nameof(ClipTextTransformer))
    {
        embeddings = new(config);
        encoder = new(config.Encoder);
        final_layer_norm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>[B, S] token ids to [B, S, D].</summary>
    public override Tensor forward(Tensor ids) => final_layer_norm.forward(encoder.forward(embeddings.forward(ids)));

    private sealed class Embeddings : Module<Tensor, Tensor>
    {
        private readonly Embedding token_embedding;
        private readonly Embedding position_embedding;

        public Embeddings(ClipTextConfig config)
            : base(nameof(Embeddings))
        {
            token_embedding = Embedding(config.VocabularySize, config.HiddenSize);
            position_embedding = Embedding(config.MaxPositions, config.HiddenSize);
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids) =>
            token_embedding.forward(ids).Plus(position_embedding.forward(arange(Kept(0), Kept(ids.shape[1]), Kept(1), ScalarType.Int64, ids.device)));
    }
}

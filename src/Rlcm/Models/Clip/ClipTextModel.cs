using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>CLIP's text transformer (transformers <c>CLIPTextModel</c>; Radford et al. 2021): token ids to one embedding per token.</summary>
public sealed class ClipTextModel : Module<Tensor, Tensor>
{
    private readonly TextTransformer text_model;

    /// <summary>Builds the network; its weights are to be loaded or initialized.</summary>
    public ClipTextModel(ClipTextConfig config)
        : base(nameof(ClipTextModel))
    {
        Config = config;
        text_model = new(config);
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>The last hidden state after the final norm.</summary>
    /// <param name="ids">Token ids, [B, S] int64.</param>
    /// <returns>[B, S, D].</returns>
    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        return text_model.forward(ids).MoveToOuterDisposeScope();
    }

    private sealed class TextTransformer : Module<Tensor, Tensor>
    {
        private readonly Embeddings embeddings;
        private readonly ClipEncoder encoder;
        private readonly LayerNorm final_layer_norm;

        public TextTransformer(ClipTextConfig config)
            : base(nameof(TextTransformer))
        {
            embeddings = new(config);
            encoder = new(config);
            final_layer_norm = LayerNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids) => final_layer_norm.forward(encoder.forward(embeddings.forward(ids)));
    }

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

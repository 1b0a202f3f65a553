using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>CLIP's image encoder up to its pooled output (transformers <c>CLIPVisionTransformer</c>; Dosovitskiy et al. 2021, ViT).</summary>
internal sealed class ClipVisionTransformer : Module<Tensor, Tensor>
{
    private readonly Embeddings embeddings;
    private readonly LayerNorm pre_layrnorm; // so spelled in all published weights
    private readonly ClipEncoder encoder;
    private readonly LayerNorm post_layernorm;

    public ClipVisionTransformer(ClipVisionConfig config)
        : base(nameof(ClipVisionTransformer))
    {
        embeddings = new(config);
        pre_layrnorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        encoder = new(config.Encoder);
        post_layernorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The normed state of the class token.</summary>
    /// <param name="pictures">[B, 3, S, S], standardized.</param>
    /// <returns>[B, D].</returns>
    public override Tensor forward(Tensor pictures)
    {
        var states = encoder.forward(pre_layrnorm.forward(embeddings.forward(pictures)));
        return post_layernorm.forward(states.select(1, 0));
    }

    private sealed class Embeddings : Module<Tensor, Tensor>
    {
        private readonly Parameter class_embedding; // [D]
        private readonly Conv2d patch_embedding;
        private readonly Embedding position_embedding;

        public Embeddings(ClipVisionConfig config)
            : base(nameof(Embeddings))
        {
            class_embedding = new Parameter(zeros(config.HiddenSize));
            patch_embedding = Conv2d(3, config.HiddenSize, kernel_size: config.PatchSize, stride: config.PatchSize, bias: false);
            position_embedding = Embedding(config.Patches + 1, config.HiddenSize);
            RegisterComponents();
        }

        /// <summary>[B, 1 + patches, D]: the class token, then the patches row by row.</summary>
        public override Tensor forward(Tensor pictures)
        {
            var patches = patch_embedding.forward(pictures).flatten(2).transpose(1, 2);
            var first = class_embedding.expand(patches.shape[0], 1, -1);
            return cat([first, patches], dim: 1).Plus(position_embedding.weight!.unsqueeze(0));
        }
    }
}

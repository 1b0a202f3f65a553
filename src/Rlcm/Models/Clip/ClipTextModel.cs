using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>CLIP's text transformer (transformers <c>CLIPTextModel</c>; Radford et al. 2021): token ids to one embedding per token.</summary>
public sealed class ClipTextModel : Module<Tensor, Tensor>
{
    private readonly ClipTextTransformer text_model;

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
}

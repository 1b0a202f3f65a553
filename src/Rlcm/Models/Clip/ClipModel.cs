using Rlcm.Checkpoints;
using Rlcm.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Rlcm.Models.Clip;

/// <summary>CLIP (Radford et al. 2021; transformers <c>CLIPModel</c>): pictures and texts to embeddings that are compared by their cosine.</summary>
public sealed class ClipModel : Module
{
    /// <summary>What transformers wrote as the end of a text before it was right: the place of the highest id counts.</summary>
    internal const int ArgMaxId = 2;

    private readonly ClipTextTransformer text_model;
    private readonly ClipVisionTransformer vision_model;
    private readonly Linear text_projection;
    private readonly Linear visual_projection;
    private readonly Parameter logit_scale;

    /// <summary>Builds the network; its weights are to be loaded or initialized.</summary>
    public ClipModel(ClipConfig config)
        : base(nameof(ClipModel))
    {
        Config = config;
        text_model = new(config.Text);
        vision_model = new(config.Vision);
        text_projection = Linear(config.Text.HiddenSize, config.ProjectionSize, hasBias: false);
        visual_projection = Linear(config.Vision.HiddenSize, config.ProjectionSize, hasBias: false);
        logit_scale = new Parameter(zeros([]));
        RegisterComponents();
    }

    /// <summary>The architecture.</summary>
    public ClipConfig Config { get; }

    /// <summary>The logarithm of the factor before the cosines, a scalar.</summary>
    public Tensor LogitScale => logit_scale;

    /// <summary>Embeddings of pictures.</summary>
    /// <param name="pictures">[B, 3, S, S], as <see cref="ClipImageProcessor"/> makes them.</param>
    /// <returns>[B, P], of any length.</returns>
    public Tensor EmbedPictures(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        return visual_projection.forward(vision_model.forward(pictures)).MoveToOuterDisposeScope();
    }

    /// <summary>Embeddings of texts: the state where the text ends, projected.</summary>
    /// <param name="ids">Token ids, [B, S] int64.</param>
    /// <returns>[B, P], of any length.</returns>
    public Tensor EmbedTexts(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var ends = Config.Text.EndId == ArgMaxId ? ids.argmax(1) : ids.eq(Kept(Config.Text.EndId)).to(ScalarType.Int32).argmax(1); // [B]
        var states = text_model.forward(ids);
        var index = ends.view(-1, 1, 1).expand(-1, 1, states.shape[2]);
        return text_projection.forward(states.gather(1, index).squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Embeddings [B, P] of length 1, whose products are cosines.</summary>
    public static Tensor Normalize(Tensor embeddings)
    {
        using var scope = NewDisposeScope();
        return (embeddings / embeddings.Squared().sum(1, keepdim: true).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>Loads a CLIP folder as transformers writes it: <c>config.json</c> and weights.</summary>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported.</exception>
    public static ClipModel Load(string folder)
    {
        NativeTorch.Tune();
        using var scope = NewDisposeScope();
        var part = ModelPart.OfTransformers(folder);
        var config = ClipConfig.Read(part.ConfigPath);
        part.RequireWeights(config.LeastWeights);
        var model = new ClipModel(config);
        part.Load(model, CurrentName);
        model.Freeze();
        return model;
    }

    /// <summary>Writes <c>config.json</c>, <c>preprocessor_config.json</c> and the weights; the tokenizer's files are the caller's.</summary>
    /// <param name="folder">Made as needed.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    public void Save(string folder, ScalarType dtype)
    {
        var part = ModelPart.OfTransformers(folder);
        ModelJson.Write(part.ConfigPath, Config.ToJson());
        ModelJson.Write(Path.Combine(folder, ClipImageProcessor.FileName), ClipImageProcessor.OfOpenAi(Config.Vision.ImageSize).ToJson());
        ModelWeights.Save(this, part.WeightsPath, dtype);
    }

    /// <summary>Numbers that older versions saved among the weights.</summary>
    private static string? CurrentName(string key) => key.EndsWith(".position_ids", StringComparison.Ordinal) ? null : key;
}

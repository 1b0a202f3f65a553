namespace Rlcm.Models.Clip;

/// <summary>Architecture of a CLIP image encoder, a vision transformer (transformers <c>CLIPVisionConfig</c>).</summary>
public sealed record ClipVisionConfig
{
    private const int LargestPicture = 4096;

    /// <summary>S, height and width of the pictures it reads.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Height and width of the patches that become tokens; S holds a whole number of them.</summary>
    public required int PatchSize { get; init; }

    /// <summary>D, the width of the embeddings.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward parts.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Heads per layer.</summary>
    public required int Heads { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary><c>quick_gelu</c> (OpenAI's weights) or <c>gelu</c>.</summary>
    public string Activation { get; init; } = "quick_gelu";

    /// <summary>Number of patches.</summary>
    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    internal ClipEncoderShape Encoder => new(HiddenSize, IntermediateSize, Layers, Heads, LayerNormEps, Activation, IsCausal: false);

    /// <summary>Weights that the network has at least.</summary>
    internal double LeastWeights => (double)HiddenSize * (3.0 * PatchSize * PatchSize + Patches) + Encoder.LeastWeights;

    /// <summary>Reads the object <c>vision_config</c>.</summary>
    /// <exception cref="Runtime.UserErrorException">It is damaged, or asks for something that is not supported, which is named.</exception>
    internal static ClipVisionConfig Read(ModelConfigReader reader)
    {
        var config = new ClipVisionConfig
        {
            ImageSize = reader.Count("image_size", 224, LargestPicture),
            PatchSize = reader.Count("patch_size", 32, LargestPicture),
            HiddenSize = reader.Count("hidden_size", 768),
            IntermediateSize = reader.Count("intermediate_size", 3072),
            Layers = reader.Count("num_hidden_layers", 12, ModelConfigReader.MostLayers),
            Heads = reader.Count("num_attention_heads", 12),
            LayerNormEps = reader.Number("layer_norm_eps", 1e-5),
            Activation = reader.Text("hidden_act", "quick_gelu"),
        };
        reader.Ignore("attention_dropout", "dropout", "initializer_factor", "initializer_range");
        reader.Ignore(TransformersConfig.Neutral);
        reader.Require("model_type", "clip_vision_model");
        reader.Require("num_channels", 3);
        config.Encoder.Require(reader);
        return config.ImageSize % config.PatchSize == 0 ? config : throw reader.Wrong("patch_size", $"a divisor of image_size = {config.ImageSize}", config.PatchSize);
    }

    /// <summary>The entries of <c>vision_config</c>, under transformers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["hidden_act"] = Activation,
        ["hidden_size"] = HiddenSize,
        ["image_size"] = ImageSize,
        ["intermediate_size"] = IntermediateSize,
        ["layer_norm_eps"] = LayerNormEps,
        ["model_type"] = "clip_vision_model",
        ["num_attention_heads"] = Heads,
        ["num_channels"] = 3,
        ["num_hidden_layers"] = Layers,
        ["patch_size"] = PatchSize,
    };
}

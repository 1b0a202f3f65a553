namespace Rlcm.Models.Clip;

/// <summary>Architecture of a CLIP text encoder (transformers <c>CLIPTextConfig</c>).</summary>
public sealed record ClipTextConfig
{
    private const int MostTokens = 1 << 24;

    /// <summary>Number of token ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D, the width of the embeddings.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward parts.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Heads per layer.</summary>
    public required int Heads { get; init; }

    /// <summary>S, the number of tokens.</summary>
    public int MaxPositions { get; init; } = 77;

    /// <summary>Epsilon of the layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary><c>quick_gelu</c> (OpenAI's weights) or <c>gelu</c>.</summary>
    public string Activation { get; init; } = "quick_gelu";

    /// <summary>Id that starts a text.</summary>
    public int StartId { get; init; }

    /// <summary>Id that ends a text.</summary>
    public int EndId { get; init; }

    internal ClipEncoderShape Encoder => new(HiddenSize, IntermediateSize, Layers, Heads, LayerNormEps, Activation, IsCausal: true);

    /// <summary>Weights that the network has at least, those of the large layers: what its file cannot be without.</summary>
    internal double LeastWeights => (double)HiddenSize * (VocabularySize + MaxPositions) + Encoder.LeastWeights;

    /// <summary>Reads <c>text_encoder/config.json</c>.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or asks for something that is not supported, which is named.</exception>
    public static ClipTextConfig Read(string path)
    {
        var reader = new ModelConfigReader(path);
        var config = Read(reader);
        reader.Ignore("projection_dim");
        reader.Finish();
        return config;
    }

    /// <summary>As <see cref="Read(string)"/>, from an object of a configuration.</summary>
    internal static ClipTextConfig Read(ModelConfigReader reader)
    {
        var config = new ClipTextConfig
        {
            VocabularySize = reader.Count("vocab_size", 49408, MostTokens),
            HiddenSize = reader.Count("hidden_size", 512),
            IntermediateSize = reader.Count("intermediate_size", 2048),
            Layers = reader.Count("num_hidden_layers", 12, ModelConfigReader.MostLayers),
            Heads = reader.Count("num_attention_heads", 8),
            MaxPositions = reader.Count("max_position_embeddings", 77),
            LayerNormEps = reader.Number("layer_norm_eps", 1e-5),
            Activation = reader.Text("hidden_act", "quick_gelu"),
            StartId = reader.Int("bos_token_id", 0, 0, MostTokens),
            EndId = reader.Int("eos_token_id", 2, 0, MostTokens),
        };
        reader.Ignore("attention_dropout", "dropout", "initializer_factor", "initializer_range", "pad_token_id");
        reader.Ignore(TransformersConfig.Neutral);
        reader.Require("model_type", "clip_text_model");
        config.Encoder.Require(reader);
        return config;
    }

    /// <summary>The entries of <c>text_encoder/config.json</c>, under transformers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["architectures"] = (string[])["CLIPTextModel"],
        ["bos_token_id"] = StartId,
        ["eos_token_id"] = EndId,
        ["hidden_act"] = Activation,
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["layer_norm_eps"] = LayerNormEps,
        ["max_position_embeddings"] = MaxPositions,
        ["model_type"] = "clip_text_model",
        ["num_attention_heads"] = Heads,
        ["num_hidden_layers"] = Layers,
        ["pad_token_id"] = EndId,
        ["projection_dim"] = HiddenSize,
        ["vocab_size"] = VocabularySize,
    };
}

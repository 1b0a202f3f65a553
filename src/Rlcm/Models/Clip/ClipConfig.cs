namespace Rlcm.Models.Clip;

/// <summary>Architecture of a CLIP model (transformers <c>CLIPConfig</c>).</summary>
/// <param name="Text">The text encoder.</param>
/// <param name="Vision">The image encoder.</param>
/// <param name="ProjectionSize">Width of the embeddings that both are compared by.</param>
public sealed record ClipConfig(ClipTextConfig Text, ClipVisionConfig Vision, int ProjectionSize)
{
    /// <summary>Weights that the network has at least.</summary>
    internal double LeastWeights => Text.LeastWeights + Vision.LeastWeights + (double)ProjectionSize * (Text.HiddenSize + Vision.HiddenSize);

    /// <summary>Reads <c>config.json</c> of a CLIP folder.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or asks for something that is not supported, which is named.</exception>
    public static ClipConfig Read(string path)
    {
        var reader = new ModelConfigReader(path);
        reader.Require("model_type", "clip");
        var projection = reader.Count("projection_dim", 512);
        var config = new ClipConfig(Part(reader, "text_config", ClipTextConfig.Read), Part(reader, "vision_config", ClipVisionConfig.Read), projection);
        if (reader.IsObject("text_config_dict") && Part(reader, "text_config_dict", ClipTextConfig.Read) != config.Text)
            throw reader.Wrong("text_config_dict", "what text_config says, as old versions repeat it", "something else");
        if (reader.IsObject("vision_config_dict") && Part(reader, "vision_config_dict", ClipVisionConfig.Read) != config.Vision)
            throw reader.Wrong("vision_config_dict", "what vision_config says, as old versions repeat it", "something else");
        reader.Ignore("initializer_factor", "logit_scale_init_value");
        reader.Ignore(TransformersConfig.Neutral);
        reader.Finish();
        return config;
    }

    private static T Part<T>(ModelConfigReader reader, string key, Func<ModelConfigReader, T> read)
    {
        var part = reader.Object(key);
        var config = read(part);
        part.Ignore("projection_dim"); // of an encoder that stands alone
        part.Finish();
        return config;
    }

    /// <summary>The entries of <c>config.json</c>, under transformers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["architectures"] = (string[])["CLIPModel"],
        ["model_type"] = "clip",
        ["projection_dim"] = ProjectionSize,
        ["text_config"] = Text.ToJson(),
        ["vision_config"] = Vision.ToJson(),
    };
}

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
        var (text, vision) = (reader.Object("text_config"), reader.Object("vision_config"));
        var config = new ClipConfig(ClipTextConfig.Read(text), ClipVisionConfig.Read(vision), projection);
        foreach (var part in (ModelConfigReader[])[text, vision])
        {
            part.Ignore("projection_dim"); // of an encoder that stands alone
            part.Finish();
        }

        reader.Ignore("initializer_factor", "logit_scale_init_value", "text_config_dict", "vision_config_dict"); // the last two as old versions repeat them
        reader.Ignore(TransformersConfig.Neutral);
        reader.Finish();
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

namespace Rlcm.Models.Clip;

/// <summary>What the transformer layers of CLIP's two encoders differ in.</summary>
/// <param name="HiddenSize">D, the width of the embeddings.</param>
/// <param name="IntermediateSize">Width inside the feed-forward parts.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Heads per layer, a divisor of D.</param>
/// <param name="LayerNormEps">Epsilon of the layer norms.</param>
/// <param name="Activation"><c>quick_gelu</c> (OpenAI's weights) or <c>gelu</c>.</param>
/// <param name="IsCausal">Whether a place sees only itself and those before it, as in texts.</param>
internal sealed record ClipEncoderShape(int HiddenSize, int IntermediateSize, int Layers, int Heads, double LayerNormEps, string Activation, bool IsCausal)
{
    /// <summary>Weights of the large matrices.</summary>
    public double LeastWeights => Layers * (double)HiddenSize * (4.0 * HiddenSize + 2.0 * IntermediateSize);

    /// <summary>Refuses what is not supported or does not fit together.</summary>
    /// <exception cref="Runtime.FileContentException">Something is not; it is named.</exception>
    public void Require(ModelConfigReader reader)
    {
        if (Activation is not ("quick_gelu" or "gelu"))
            throw reader.Wrong("hidden_act", "quick_gelu or gelu", Activation);
        if (HiddenSize % Heads != 0)
            throw reader.Wrong("num_attention_heads", $"a divisor of hidden_size = {HiddenSize}", Heads);
    }
}

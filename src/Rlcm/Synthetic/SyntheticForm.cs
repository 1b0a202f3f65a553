using static TorchSharp.torch;

namespace Rlcm.Synthetic;

/// <summary>How the weights of a synthetic model are kept: the forms of published checkpoints.</summary>
/// <param name="Dtype">Type of the stored numbers.</param>
public sealed record SyntheticForm(ScalarType Dtype = ScalarType.Float32)
{
    /// <summary>Variant in the files' names, such as <c>fp16</c>; null for none.</summary>
    public string? Variant { get; init; }

    /// <summary>Number of files of each part; above 1 they come with an index.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Whether tensors are named as by old versions: attention of the autoencoder <c>query</c>, <c>key</c>, <c>value</c>, <c>proj_attn</c>, and a buffer of position ids in the text encoder.</summary>
    public bool OldNames { get; init; }

    /// <summary>Whether a safety checker and a feature extractor lie beside the parts.</summary>
    public bool ExtraFolders { get; init; }
}

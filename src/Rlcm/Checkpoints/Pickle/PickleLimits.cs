namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// How much a file of weights may ask for before anything of it is believed. Stable Diffusion 1.x with moving averages and Adam's state
/// takes a tenth at most: 330 kB of pickle, 86,000 values, 1,800 tensors under their names.
/// </summary>
internal static class PickleLimits
{
    /// <summary>Bytes of <c>data.pkl</c>, and of the directory of the zip file.</summary>
    public const int Bytes = 16 << 20;

    /// <summary>Values that a pickle may build or remember.</summary>
    public const int Values = 1 << 20;

    /// <summary>Tensors in the dictionary.</summary>
    public const int Tensors = 1 << 16;

    /// <summary>Dictionaries within dictionaries.</summary>
    public const int Depth = 32;

    /// <summary>Characters of a tensor's full name, and of a global's module or name.</summary>
    public const int NameLength = 512;

    /// <summary>Dimensions of a tensor.</summary>
    public const int Rank = 16;

    /// <summary>Bytes of a tensor whose strides make more of it than its storage holds (an expanded view).</summary>
    public const long ExpandedBytes = 64 << 20;

    /// <summary>Bytes that all tensors together take to read, in multiples of the file's; as many as <see cref="ExpandedBytes"/> are free.</summary>
    public const int Expansion = 16;
}

using Rlcm.Checkpoints;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Inspection;

/// <summary>What was found at a path.</summary>
/// <param name="Title">What it is, in a few words.</param>
public sealed record PathInspection(string Title)
{
    /// <summary>What else is to be said, in order.</summary>
    public IReadOnlyList<InspectedFact> Facts { get; init; } = [];

    /// <summary>The weights in it.</summary>
    public IReadOnlyList<InspectedWeights> Weights { get; init; } = [];

    /// <summary>What keeps it from being used, and what to do; none where it can be.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>The memory that training it takes.</summary>
    public IReadOnlyList<MemoryNeed> Memory { get; init; } = [];
}

/// <summary>A line of an inspection.</summary>
/// <param name="Name">What.</param>
/// <param name="Value">How it is.</param>
public readonly record struct InspectedFact(string Name, string Value)
{
    /// <summary>How it is; text of a file is shown as by <see cref="ReadableText"/>.</summary>
    public string Value { get; init; } = ReadableText.OneLine(Value);
}

/// <summary>The weights of a part.</summary>
/// <param name="Part">Name of the part, such as <c>unet</c>.</param>
/// <param name="Files">Where they are, by name.</param>
/// <param name="Tensors">All tensors.</param>
public sealed record InspectedWeights(string Part, IReadOnlyList<string> Files, IReadOnlyList<TensorEntry> Tensors)
{
    private const int LongestName = 512;

    /// <summary>All tensors, with their names on one line and without control characters.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; init; } = [.. Tensors.Select(tensor => tensor with { Name = ReadableText.Quote(tensor.Name, LongestName) })];

    /// <summary>Number of weights.</summary>
    public long Parameters => Tensors.Where(tensor => is_floating_point(tensor.Dtype)).Sum(tensor => tensor.Count);

    /// <summary>Their types, the most frequent first, as safetensors names them.</summary>
    public string Dtypes => string.Join(", ", Tensors.CountBy(tensor => tensor.Dtype).OrderByDescending(type => type.Value).Select(type => NameOf(type.Key)));

    /// <summary>A type as safetensors names it.</summary>
    public static string NameOf(ScalarType dtype) => SafetensorsDtype.NameOf(dtype);

    /// <summary>Reads what is in the files that <paramref name="files"/> names.</summary>
    /// <exception cref="UserErrorException">A file is missing or damaged.</exception>
    internal static InspectedWeights Read(string part, WeightFiles files)
    {
        using var source = files.Open();
        return new(part, [.. files.Files().Select(file => Path.GetFileName(file))], [.. source.Entries]);
    }
}

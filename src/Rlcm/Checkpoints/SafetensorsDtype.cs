using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>The element types of safetensors that TorchSharp can hold.</summary>
internal static class SafetensorsDtype
{
    // In the order of the reference implementation's enum, by which it sorts tensors in a file (last first).
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("BOOL", ScalarType.Bool, 1),
        ("U8", ScalarType.Byte, 1),
        ("I8", ScalarType.Int8, 1),
        ("I16", ScalarType.Int16, 2),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I32", ScalarType.Int32, 4),
        ("F32", ScalarType.Float32, 4),
        ("F64", ScalarType.Float64, 8),
        ("I64", ScalarType.Int64, 8),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", Known.Select(known => known.Name));

    /// <summary>Finds the type called <paramref name="name"/> in the file format.</summary>
    public static bool TryParse(string? name, out ScalarType type)
    {
        var index = Array.FindIndex(Known, known => known.Name == name);
        type = index < 0 ? default : Known[index].Type;
        return index >= 0;
    }

    /// <summary>The name of <paramref name="type"/> in the file format.</summary>
    public static string NameOf(ScalarType type) => Known[Rank(type)].Name;

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ScalarType type) => Known[Rank(type)].Size;

    /// <summary>Place in the file format's order of types; tensors of the highest rank come first in a file.</summary>
    public static int Rank(ScalarType type)
    {
        var index = Array.FindIndex(Known, known => known.Type == type);
        return index >= 0 ? index : throw new ArgumentException($"safetensors cannot store {type}; expected one of {Names}.", nameof(type));
    }
}

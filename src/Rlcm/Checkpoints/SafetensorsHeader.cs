using System.Buffers.Binary;
using System.Text.Json;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file, checked as strictly as the reference implementation does: ranges lie one behind the other
/// without overlap or hole up to the end of the file, and each agrees with its shape.
/// </summary>
/// <param name="Entries">The tensors in order of their place in the file.</param>
/// <param name="Metadata">The free-form <c>__metadata__</c>, empty when there is none.</param>
/// <param name="DataStart">Where the data begin in the file, in bytes.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataStart)
{
    /// <summary>Bytes before the JSON: its length as an unsigned 64-bit little-endian number.</summary>
    public const int LengthBytes = 8;

    /// <summary>Key of the free-form part.</summary>
    public const string MetadataKey = "__metadata__";

    // The reference implementation's limit.
    private const long MaximumLength = 100_000_000;

    // {"name": {"shape": [1]}} is three deep.
    private const int MaximumDepth = 3;

    // As many dimensions as any library makes; torch's own bit sets of them end there.
    private const int MaximumRank = 64;

    /// <summary>Reads and checks the header of the file <paramref name="path"/> from <paramref name="stream"/>.</summary>
    /// <exception cref="FileContentException">The header breaks the format; the message names file, key and position.</exception>
    public static SafetensorsHeader Read(Stream stream, string path)
    {
        var fileLength = stream.Length;
        if (fileLength < LengthBytes)
            throw Damaged(path, "offset 0", $"{fileLength} bytes are too few for a safetensors file");

        Span<byte> prefix = stackalloc byte[LengthBytes];
        stream.ReadExactly(prefix);
        GitLfsPointer.Refuse(prefix, path);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)(fileLength - LengthBytes))
            throw Damaged(path, "offset 0", $"the header claims {length} bytes at offset {LengthBytes}, but the file ends at {fileLength}");
        if (length > MaximumLength)
            throw Damaged(path, "offset 0", $"the header claims {length} bytes, more than the format's limit of {MaximumLength}");

        var json = new byte[length];
        stream.ReadExactly(json);
        var start = LengthBytes + (long)length;
        try
        {
            using var document = StrictJson.Parse(json, MaximumDepth);
            return Parse(document.RootElement, start, fileLength - start, path);
        }
        catch (JsonException error)
        {
            throw new FileContentException(path, $"offset {LengthBytes}", $"{path}: the safetensors header is not valid JSON of the format ({JsonMistake.Describe(error)}); fetch the file again.", error);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, long start, long dataLength, string path)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Damaged(path, $"offset {LengthBytes}", $"the header is a JSON {root.ValueKind}, expected an object");

        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var entries = new List<SafetensorsEntry>();
        foreach (var property in root.EnumerateObject())
        {
            if (property.NameEquals(MetadataKey))
                ReadMetadata(property.Value, metadata, path);
            else
                entries.Add(ReadEntry(property.Name, property.Value, path));
        }

        entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        CheckRanges(entries, start, dataLength, path);
        return new SafetensorsHeader(entries, metadata, start);
    }

    private static void ReadMetadata(JsonElement value, SortedDictionary<string, string> metadata, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Damaged(path, MetadataKey, $"{MetadataKey} is a JSON {value.ValueKind}, expected an object of strings");
        foreach (var item in value.EnumerateObject())
        {
            metadata[item.Name] = item.Value.ValueKind == JsonValueKind.String
                ? item.Value.GetString()!
                : throw Damaged(path, MetadataKey, $"{MetadataKey}.{item.Name} is a JSON {item.Value.ValueKind}, expected a string");
        }
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out var shape) || !TryReadNumbers(shape, out var dimensions)
            || !value.TryGetProperty("data_offsets", out var range) || !TryReadNumbers(range, out var offsets) || offsets.Length != 2)
        {
            throw Damaged(path, Place(name), $"tensor '{name}' lacks a well-formed dtype, shape or data_offsets");
        }

        if (!SafetensorsDtype.TryParse(dtype.GetString(), out var type))
            throw new FileContentException(path, Place(name), $"{path}: tensor '{name}' has dtype {dtype.GetString()}, expected one of {SafetensorsDtype.Names}; convert the file first.");
        if (offsets[1] < offsets[0])
            throw Damaged(path, Place(name), $"tensor '{name}' ends at {offsets[1]}, before its begin {offsets[0]}");

        var needed = ByteCount(dimensions, type);
        if (needed != offsets[1] - offsets[0])
        {
            throw Damaged(path, Place(name), $"tensor '{name}' of shape [{string.Join(", ", dimensions)}] and dtype {dtype.GetString()} needs "
                + $"{(needed < 0 ? "more than 2^63" : needed)} bytes, its range [{offsets[0]}, {offsets[1]}) holds {offsets[1] - offsets[0]}");
        }

        return new SafetensorsEntry(name, type, dimensions, offsets[0], offsets[1]);
    }

    private static bool TryReadNumbers(JsonElement array, out long[] numbers)
    {
        numbers = [];
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > MaximumRank)
            return false;
        numbers = [.. array.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) ? number : -1)];
        return numbers.All(number => number >= 0);
    }

    // Sides next to one of zero count as well: torch multiplies them into strides.
    private static long ByteCount(long[] shape, ScalarType type)
    {
        try
        {
            var bytes = shape.Aggregate((long)SafetensorsDtype.SizeOf(type), (product, dimension) => checked(product * Math.Max(dimension, 1)));
            return shape.Contains(0) ? 0 : bytes;
        }
        catch (OverflowException)
        {
            return -1;
        }
    }

    private static void CheckRanges(List<SafetensorsEntry> entries, long fileStart, long dataLength, string path)
    {
        long expected = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != expected)
                throw Damaged(path, Place(entry.Name), $"tensor '{entry.Name}' begins at {entry.Begin}, expected {expected}: ranges must neither overlap nor leave holes");
            if (entry.End > dataLength)
                throw Damaged(path, Place(entry.Name), $"tensor '{entry.Name}' ends at {entry.End}, but the file holds {dataLength} bytes of data");
            expected = entry.End;
        }

        if (expected != dataLength)
            throw Damaged(path, $"offset {fileStart + expected}", $"the tensors end at {expected}, but the file holds {dataLength} bytes of data");
    }

    private static string Place(string name) => $"tensor '{name}'";

    private static FileContentException Damaged(string path, string position, string what) =>
        new(path, position, $"{path}: {what}; the file is damaged or cut short, fetch it again.");
}

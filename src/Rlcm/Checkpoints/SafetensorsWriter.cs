using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>Writes safetensors files, laid out as the reference implementation does it.</summary>
/// <remarks>
/// As there, tensors of the widest element type come first and names decide among equals, so that every tensor is aligned and equal
/// content gives equal bytes. Metadata are sorted by key.
/// </remarks>
public static class SafetensorsWriter
{
    private const int Alignment = 8;
    private const int ChunkBytes = 1 << 24;

    /// <summary>The metadata without which transformers refuse a file of weights.</summary>
    public static IReadOnlyDictionary<string, string> PyTorch { get; } = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Writes <paramref name="tensors"/> to <paramref name="path"/>, which then holds the whole file or what it held before.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">Names and values, in any order and on any device.</param>
    /// <param name="metadata">Free-form text for the header; see <see cref="PyTorch"/>.</param>
    /// <param name="castTo">The type to store floating-point tensors in; other tensors and null keep their own.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved, or the format has no such element type.</exception>
    public static void Write(
        string path, IEnumerable<(string Key, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castTo = null)
    {
        var sorted = tensors
            .Select(item => (item.Key, item.Value, Type: castTo is { } type && item.Value.is_floating_point() ? type : item.Value.dtype))
            .OrderByDescending(item => SafetensorsDtype.Rank(item.Type))
            .ThenBy(item => item.Key, StringComparer.Ordinal)
            .ToList();
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        foreach (var (key, _, _) in sorted)
        {
            if (!names.Add(key))
                throw new ArgumentException($"The name '{key}' is reserved or given twice for {path}.", nameof(tensors));
        }

        AtomicFile.Write(path, stream =>
        {
            WriteHeader(stream, sorted, metadata);
            foreach (var (_, value, type) in sorted)
                WriteData(stream, value, type);
        });
    }

    private static void WriteHeader(Stream stream, List<(string Key, Tensor Value, ScalarType Type)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, text) in metadata.OrderBy(item => item.Key, StringComparer.Ordinal))
                    json.WriteString(key, text);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var (key, value, type) in tensors)
            {
                var end = offset + value.numel() * SafetensorsDtype.SizeOf(type);
                json.WriteStartObject(key);
                json.WriteString("dtype", SafetensorsDtype.NameOf(type));
                WriteNumbers(json, "shape", value.shape);
                WriteNumbers(json, "data_offsets", [offset, end]);
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        var padded = (buffer.WrittenCount + Alignment - 1) / Alignment * Alignment;
        var spaces = padded - buffer.WrittenCount;
        buffer.GetSpan(spaces)[..spaces].Fill((byte)' ');
        buffer.Advance(spaces);

        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        stream.Write(length);
        stream.Write(buffer.WrittenSpan);
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static unsafe void WriteData(Stream stream, Tensor value, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var stored = value.detach().cpu().to(type).contiguous();
        var remaining = stored.numel() * SafetensorsDtype.SizeOf(type);
        if (remaining == 0)
            return;
        for (var pointer = TensorMemory.Pointer(stored); remaining > 0; pointer += ChunkBytes, remaining -= ChunkBytes)
            stream.Write(new ReadOnlySpan<byte>(pointer, (int)Math.Min(ChunkBytes, remaining)));
    }
}

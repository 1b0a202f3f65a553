using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rlcm.Runtime;
using static Rlcm.Runtime.KeptScalar;
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
    /// <exception cref="UserErrorException">A finite value is beyond what <paramref name="castTo"/> can hold; its tensor is named.</exception>
    public static void Write(
        string path, IEnumerable<(string Key, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castTo = null) =>
        Write(path, tensors.Select(item => new PendingTensor(item.Key, item.Value.shape, item.Value.dtype, () => item.Value)), metadata, castTo);

    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}}, IReadOnlyDictionary{string, string}, Nullable{ScalarType})"/>
    public static void Write(
        string path, IEnumerable<PendingTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castTo = null)
    {
        var sorted = tensors
            .Select(item => (Tensor: item, Type: castTo is { } type && is_floating_point(item.Dtype) ? type : item.Dtype))
            .OrderByDescending(item => SafetensorsDtype.Rank(item.Type))
            .ThenBy(item => item.Tensor.Key, StringComparer.Ordinal)
            .ToList();
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        foreach (var (tensor, _) in sorted)
        {
            if (!names.Add(tensor.Key))
                throw new ArgumentException($"The name '{tensor.Key}' is reserved or given twice for {path}.", nameof(tensors));
        }

        AtomicFile.Write(path, stream =>
        {
            WriteHeader(stream, sorted, metadata);
            foreach (var (tensor, type) in sorted)
                WriteData(stream, tensor, type);
        });
    }

    private static void WriteHeader(Stream stream, List<(PendingTensor Tensor, ScalarType Type)> tensors, IReadOnlyDictionary<string, string>? metadata)
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
            foreach (var (tensor, type) in tensors)
            {
                var end = offset + tensor.Shape.Aggregate((long)SafetensorsDtype.SizeOf(type), (product, side) => product * side);
                json.WriteStartObject(tensor.Key);
                json.WriteString("dtype", SafetensorsDtype.NameOf(type));
                WriteNumbers(json, "shape", tensor.Shape);
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

    private static unsafe void WriteData(Stream stream, PendingTensor tensor, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var value = tensor.Make().detach().cpu();
        var stored = value.to(type).contiguous();
        RequireRange(tensor.Key, value, stored);
        var remaining = stored.numel() * SafetensorsDtype.SizeOf(type);
        if (remaining == 0)
            return;
        for (var pointer = TensorMemory.Pointer(stored); remaining > 0; pointer += ChunkBytes, remaining -= ChunkBytes)
            stream.Write(new ReadOnlySpan<byte>(pointer, (int)Math.Min(ChunkBytes, remaining)));
    }

    /// <summary>A value that became infinite only when it was cast would be lost without a word.</summary>
    private static void RequireRange(string key, Tensor value, Tensor stored)
    {
        if (stored.dtype == value.dtype || stored.dtype is not (ScalarType.Float16 or ScalarType.BFloat16))
            return;
        if (stored.isinf().logical_and(value.isinf().logical_not()).any().ToNumber() > 0)
            throw new UserErrorException(string.Create(CultureInfo.InvariantCulture, $"Tensor '{key}' holds values up to {value.abs().max().ToNumber():g4}, expected at most {finfo(stored.dtype).max:g5}, the largest that {SafetensorsDtype.NameOf(stored.dtype)} can store; choose bf16 or fp32."));
    }
}

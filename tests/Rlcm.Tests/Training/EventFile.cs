using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace Rlcm.Tests.Training;

/// <summary>An event of TensorBoard: its protobuf message, as far as scalars go.</summary>
internal sealed record TensorBoardEvent(double WallTime, long Step, string? FileVersion, IReadOnlyDictionary<string, float> Scalars);

/// <summary>
/// Reads event files by their published format: TFRecord framing (length, masked CRC-32C of it, data, masked CRC-32C of them) around
/// <c>tensorflow.Event</c> messages.
/// </summary>
internal static class EventFile
{
    public static List<TensorBoardEvent> Read(string path)
    {
        var bytes = File.ReadAllBytes(path).AsSpan();
        var events = new List<TensorBoardEvent>();
        while (bytes.Length > 0)
        {
            var length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            Assert.Equal(MaskedCrc(bytes[..8]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            var data = bytes.Slice(12, length);
            Assert.Equal(MaskedCrc(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(ReadEvent(data));
            bytes = bytes[(16 + length)..];
        }

        return events;
    }

    /// <summary>CRC-32C (Castagnoli), rotated right by 15 and offset as TFRecord has it.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
        }

        return uint.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    private static TensorBoardEvent ReadEvent(ReadOnlySpan<byte> message)
    {
        var fields = Fields(message);
        var scalars = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var summary in fields.Where(field => field.Number == 5))
        {
            foreach (var value in Fields(summary.Data).Select(field => Fields(field.Data)))
                scalars.Add(Encoding.UTF8.GetString(value.Single(field => field.Number == 1).Data), BitConverter.ToSingle(value.Single(field => field.Number == 2).Data));
        }

        return new(
            BitConverter.ToDouble(fields.Single(field => field.Number == 1).Data),
            fields.Where(field => field.Number == 2).Select(field => BitConverter.ToInt64(field.Data)).SingleOrDefault(),
            fields.Where(field => field.Number == 3).Select(field => Encoding.UTF8.GetString(field.Data)).SingleOrDefault(),
            scalars);
    }

    private static List<(int Number, byte[] Data)> Fields(ReadOnlySpan<byte> message)
    {
        var fields = new List<(int, byte[])>();
        while (message.Length > 0)
        {
            var tag = Varint(ref message);
            if ((tag & 7) == 0)
            {
                fields.Add(((int)(tag >> 3), BitConverter.GetBytes(Varint(ref message))));
                continue;
            }

            var length = (tag & 7) switch { 1 => 8, 5 => 4, 2 => (int)Varint(ref message), var type => throw new InvalidDataException($"wire type {type}") };
            fields.Add(((int)(tag >> 3), message[..length].ToArray()));
            message = message[length..];
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

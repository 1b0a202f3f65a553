using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Rlcm.Runtime;

/// <summary>
/// Writes scalars as a TensorBoard event file: TFRecord framing (tensorflow/core/lib/io/record_writer.h) around messages
/// <c>tensorflow.Event</c> (tensorflow/core/util/event.proto), every record handed to the system at once.
/// </summary>
/// <remarks>Not TorchSharp's SummaryWriter: its first event carries ticks instead of seconds as time, which misplaces the whole run.</remarks>
internal sealed class TensorBoardWriter : IDisposable
{
    /// <summary>How names of event files begin.</summary>
    public const string FilePrefix = "events.out.tfevents.";

    private readonly FileStream _file;
    private readonly TimeProvider _time;

    /// <summary>Starts a new event file in <paramref name="folder"/>, which is made if need be.</summary>
    public TensorBoardWriter(string folder, TimeProvider time)
    {
        _time = time;
        FileChanges.MakeFolder(folder);
        // As TensorFlow names them: the last number tells files of one process and second apart.
        var prefix = $"{FilePrefix}{time.GetUtcNow().ToUnixTimeSeconds():D10}.rlcm.{Environment.ProcessId}";
        var free = Enumerable.Range(0, int.MaxValue).Select(number => Path.Combine(folder, $"{prefix}.{number}")).First(path => !File.Exists(path));
        _file = FileChanges.Open(free, FileMode.CreateNew);
        WriteRecord(Message.Create(WallTime, message => message.Bytes(3, "brain.Event:2"u8))); // file_version
    }

    private double WallTime => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Adds one event that holds all <paramref name="scalars"/> of a step.</summary>
    public void Write(long step, IEnumerable<(string Tag, float Value)> scalars)
    {
        var summary = new Message();
        foreach (var (tag, value) in scalars)
        {
            var item = new Message();
            item.Bytes(1, Encoding.UTF8.GetBytes(tag));
            item.Float(2, value); // simple_value
            summary.Bytes(1, item.ToArray());
        }

        WriteRecord(Message.Create(WallTime, message =>
        {
            message.Integer(2, (ulong)step);
            message.Bytes(5, summary.ToArray());
        }));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Length, its masked CRC-32C, data, their masked CRC-32C; little endian.</summary>
    private void WriteRecord(byte[] data)
    {
        var record = new byte[16 + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), MaskedCrc(data));
        _file.Write(record);
    }

    /// <summary>CRC-32C rotated right by 15 bits plus a constant (tensorflow/core/lib/hash/crc32c.h).</summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    /// <summary>A protobuf message under construction.</summary>
    private sealed class Message
    {
        private readonly MemoryStream _bytes = new();

        /// <summary>An event: its time (field 1, seconds since 1970) and what <paramref name="fill"/> adds.</summary>
        public static byte[] Create(double wallTime, Action<Message> fill)
        {
            var message = new Message();
            message._bytes.WriteByte(1 << 3 | 1);
            message._bytes.Write(BitConverter.GetBytes(wallTime));
            fill(message);
            return message.ToArray();
        }

        public void Integer(int field, ulong value)
        {
            Varint((ulong)field << 3);
            Varint(value);
        }

        public void Float(int field, float value)
        {
            Varint((ulong)field << 3 | 5);
            _bytes.Write(BitConverter.GetBytes(value));
        }

        public void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint((ulong)field << 3 | 2);
            Varint((ulong)value.Length);
            _bytes.Write(value);
        }

        public byte[] ToArray() => _bytes.ToArray();

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>A function or class, written by name.</summary>
internal sealed record PythonGlobal(string Module, string Name);

/// <summary>A dictionary in order; a key may occur twice.</summary>
internal sealed class PythonDictionary : List<(object Key, object? Value)>
{
    public void Add(object key, object? value) => Add((key, value));
}

/// <summary>What calling <paramref name="Callee"/> gives, with items set and state built afterwards.</summary>
internal sealed class PythonCall(PythonGlobal callee, params object?[] arguments)
{
    public PythonGlobal Callee { get; } = callee;

    public object?[] Arguments { get; } = arguments;

    public PythonDictionary Items { get; init; } = [];

    public object? State { get; init; }
}

/// <summary>An object that lies outside of the pickle.</summary>
internal sealed class PythonPersistent(params object?[] id)
{
    public object?[] Id { get; } = id;
}

/// <summary>
/// Writes pickles byte by byte as CPython's pickler does in protocols 2 and 4. As there, an object that was written before is recalled by
/// reference: one string literal is one object, as interned strings are in Python.
/// </summary>
internal sealed class PythonPickler
{
    private const int BatchSize = 1000;

    private readonly MemoryStream _out = new();
    private readonly Dictionary<object, int> _memo = new(ReferenceEqualityComparer.Instance);
    private readonly int _protocol;

    private PythonPickler(int protocol) => _protocol = protocol;

    public static byte[] Write(object? root, int protocol = 2)
    {
        var pickler = new PythonPickler(protocol);
        pickler.Save(root);
        pickler.Op('.');
        var content = pickler._out.ToArray();
        byte[] start = [0x80, (byte)protocol];
        if (protocol < 4)
            return [.. start, .. content];
        var frame = new byte[9];
        frame[0] = 0x95;
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(1), content.Length);
        return [.. start, .. frame, .. content];
    }

    private void Save(object? value)
    {
        if (value is not null && _memo.TryGetValue(value, out var number))
        {
            Numbered('h', 'j', number);
            return;
        }

        switch (value)
        {
            case null:
                Op('N');
                break;
            case bool truth:
                Op(truth ? 0x88 : 0x89);
                break;
            case int or long:
                SaveInteger(Convert.ToInt64(value));
                break;
            case double number64:
                Op('G');
                var bits = new byte[8];
                BinaryPrimitives.WriteDoubleBigEndian(bits, number64);
                _out.Write(bits);
                break;
            case string text:
                SaveText(text);
                break;
            case object?[] tuple:
                SaveTuple(tuple);
                break;
            case List<object?> list:
                Op(']');
                Memoize(list);
                Batch(list.Count, i => Save(list[i]), 'a', 'e');
                break;
            case PythonDictionary dictionary:
                Op('}');
                Memoize(dictionary);
                SaveItems(dictionary);
                break;
            case PythonGlobal global:
                SaveGlobal(global);
                break;
            case PythonPersistent outside:
                Save(outside.Id);
                Op('Q');
                break;
            case PythonCall call:
                Save(call.Callee);
                Save(call.Arguments);
                Op('R');
                Memoize(call);
                SaveItems(call.Items);
                if (call.State is null)
                    break;
                Save(call.State);
                Op('b');
                break;
            default:
                throw new ArgumentException($"No pickle of {value.GetType()}.", nameof(value));
        }
    }

    private void SaveInteger(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        var (opcode, length) = value switch
        {
            >= 0 and <= byte.MaxValue => ('K', 1),
            >= 0 and <= ushort.MaxValue => ('M', 2),
            >= int.MinValue and <= int.MaxValue => ('J', 4),
            _ => ((char)0x8a, 8),
        };
        Op(opcode);
        if (length == 8)
            Op(length);
        _out.Write(bytes, 0, length);
    }

    private void SaveText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        var isShort = _protocol >= 4 && bytes.Length < 256;
        Op(isShort ? 0x8c : 'X');
        _out.Write(length, 0, isShort ? 1 : 4);
        _out.Write(bytes);
        Memoize(text);
    }

    private void SaveTuple(object?[] tuple)
    {
        if (tuple.Length == 0)
        {
            Op(')');
            return;
        }

        if (tuple.Length > 3)
            Op('(');
        foreach (var item in tuple)
            Save(item);
        Op(tuple.Length > 3 ? 't' : 0x84 + tuple.Length);
        Memoize(tuple);
    }

    private void SaveGlobal(PythonGlobal global)
    {
        if (_protocol >= 4)
        {
            Save(global.Module);
            Save(global.Name);
            Op(0x93);
        }
        else
        {
            Op('c');
            _out.Write(Encoding.UTF8.GetBytes($"{global.Module}\n{global.Name}\n"));
        }

        Memoize(global);
    }

    private void SaveItems(PythonDictionary items) => Batch(items.Count, i =>
    {
        Save(items[i].Key);
        Save(items[i].Value);
    }, 's', 'u');

    private void Batch(int count, Action<int> save, char single, char several)
    {
        for (var start = 0; start < count; start += BatchSize)
        {
            var end = Math.Min(count, start + BatchSize);
            if (end - start > 1)
                Op('(');
            for (var i = start; i < end; i++)
                save(i);
            Op(end - start > 1 ? several : single);
        }
    }

    private void Memoize(object value)
    {
        _memo.Add(value, _memo.Count);
        if (_protocol >= 4)
            Op(0x94);
        else
            Numbered('q', 'r', _memo.Count - 1);
    }

    private void Numbered(char shortOpcode, char longOpcode, int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Op(number < 256 ? shortOpcode : longOpcode);
        _out.Write(bytes, 0, number < 256 ? 1 : 4);
    }

    private void Op(int opcode) => _out.WriteByte((byte)opcode);
}

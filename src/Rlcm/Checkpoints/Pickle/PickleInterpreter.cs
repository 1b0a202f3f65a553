using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// Follows the instructions of <c>data.pkl</c> far enough to know which tensors it names. It has instructions and names of an allow-list
/// alone, runs nothing of Python's, and its memory is bounded by <see cref="PickleLimits"/> whatever the file says.
/// </summary>
internal sealed class PickleInterpreter
{
    private const int LowestProtocol = 2;
    private const int HighestProtocol = 5;

    private readonly PickleCursor _cursor;
    private readonly PickleStack _stack;
    private readonly PickleCalls _calls;

    private PickleInterpreter(PickleCursor cursor, TorchArchive archive) =>
        (_cursor, _stack, _calls) = (cursor, new PickleStack(cursor), new PickleCalls(cursor, archive));

    /// <summary>The value that the pickle of <paramref name="archive"/> describes.</summary>
    /// <exception cref="UserErrorException">It is damaged or asks for more than tensors and plain values.</exception>
    public static object Read(TorchArchive archive) =>
        new PickleInterpreter(new PickleCursor(archive.ReadPickle(), archive.Path), archive).Run();

    private object Run()
    {
        if (_cursor.Opcode() != PickleOpcode.Proto)
            throw _cursor.Damaged("data.pkl does not begin like a pickle of protocol 2 or later");
        if (_cursor.Byte() is var protocol and (< LowestProtocol or > HighestProtocol))
            throw _cursor.Unsupported($"it is a pickle of protocol {protocol}, expected {LowestProtocol} to {HighestProtocol}");
        for (var opcode = _cursor.Opcode(); opcode != PickleOpcode.Stop; opcode = _cursor.Opcode())
        {
            if (!(PushPlain(opcode) || Collect(opcode) || Remember(opcode) || Describe(opcode)))
                throw _cursor.Unsupported($"it has instruction 0x{(byte)opcode:x2}{Known(opcode)}, which torch.save does not write for weights");
        }

        return _stack.Result();
    }

    // Numbers, texts, bytes.
    private bool PushPlain(PickleOpcode opcode)
    {
        object? value = opcode switch
        {
            PickleOpcode.None => PickleSkipped.None,
            PickleOpcode.NewTrue or PickleOpcode.NewFalse => PickleSkipped.Number,
            PickleOpcode.BinInt => (long)_cursor.Int32(),
            PickleOpcode.BinInt1 => (long)_cursor.Byte(),
            PickleOpcode.BinInt2 => (long)_cursor.UInt16(),
            PickleOpcode.Long1 => _cursor.Integer(_cursor.Byte()) ?? (object)PickleSkipped.Number,
            PickleOpcode.BinFloat => Skip(sizeof(double), PickleSkipped.Number),
            PickleOpcode.ShortBinUnicode => _cursor.Text(_cursor.Byte()),
            PickleOpcode.BinUnicode => _cursor.Text(_cursor.UInt32()),
            PickleOpcode.ShortBinBytes => Skip(_cursor.Byte(), PickleSkipped.Bytes),
            PickleOpcode.BinBytes => Skip(_cursor.UInt32(), PickleSkipped.Bytes),
            PickleOpcode.ByteArray8 => Skip(_cursor.UInt64(), PickleSkipped.Bytes),
            _ => null,
        };
        if (value is not null)
            _stack.Push(value);
        return value is not null;
    }

    // Tuples, dictionaries, lists, sets.
    private bool Collect(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Mark:
                _stack.Mark();
                return true;
            case PickleOpcode.EmptyTuple:
                _stack.Push(Array.Empty<object>());
                return true;
            case PickleOpcode.Tuple:
                _stack.Push(_stack.PopToMark());
                return true;
            case PickleOpcode.Tuple1 or PickleOpcode.Tuple2 or PickleOpcode.Tuple3:
                var items = new object[opcode - PickleOpcode.Tuple1 + 1];
                for (var i = items.Length - 1; i >= 0; i--)
                    items[i] = _stack.Pop();
                _stack.Push(items);
                return true;
            case PickleOpcode.EmptyDict:
                _stack.Push(new PickleDictionary());
                return true;
            case PickleOpcode.SetItem:
                var value = _stack.Pop();
                SetItems([_stack.Pop(), value]);
                return true;
            case PickleOpcode.SetItems:
                SetItems(_stack.PopToMark());
                return true;
            case PickleOpcode.EmptyList:
                _stack.Push(PickleSkipped.List);
                return true;
            case PickleOpcode.Append:
                _stack.Pop();
                Require(PickleSkipped.List);
                return true;
            case PickleOpcode.Appends:
                _stack.PopToMark();
                Require(PickleSkipped.List);
                return true;
            case PickleOpcode.EmptySet:
                _stack.Push(PickleSkipped.Set);
                return true;
            case PickleOpcode.AddItems:
                _stack.PopToMark();
                Require(PickleSkipped.Set);
                return true;
            default:
                return false;
        }
    }

    private bool Remember(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.BinPut:
                _stack.Remember(_cursor.Byte());
                return true;
            case PickleOpcode.LongBinPut:
                _stack.Remember(_cursor.UInt32());
                return true;
            case PickleOpcode.Memoize:
                _stack.Remember();
                return true;
            case PickleOpcode.BinGet:
                _stack.Recall(_cursor.Byte());
                return true;
            case PickleOpcode.LongBinGet:
                _stack.Recall(_cursor.UInt32());
                return true;
            case PickleOpcode.Frame:
                _cursor.UInt64(); // a hint how much to read ahead
                return true;
            default:
                return false;
        }
    }

    // What would look up names and call them.
    private bool Describe(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Global:
                _stack.Push(PickleGlobals.Find(_cursor.Line(), _cursor.Line(), _cursor));
                return true;
            case PickleOpcode.StackGlobal:
                var (name, module) = (_stack.Pop(), _stack.Pop());
                _stack.Push(name is string { Length: <= PickleLimits.NameLength } && module is string { Length: <= PickleLimits.NameLength }
                    ? PickleGlobals.Find((string)module, (string)name, _cursor)
                    : throw _cursor.Damaged("a global has no name"));
                return true;
            case PickleOpcode.Reduce:
                var arguments = _stack.Pop();
                _stack.Push(_calls.Reduce(_stack.Pop(), arguments));
                return true;
            case PickleOpcode.Build:
                _stack.Pop();
                _calls.Build(_stack.Peek());
                return true;
            case PickleOpcode.BinPersId:
                _stack.Push(_calls.Storage(_stack.Pop()));
                return true;
            default:
                return false;
        }
    }

    private PickleSkipped Skip(ulong length, PickleSkipped kind)
    {
        _cursor.Take(length);
        return kind;
    }

    private void SetItems(object[] items)
    {
        if (_stack.Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
            throw _cursor.Damaged("items are set of what is no dictionary, or a key has no value");
        for (var i = 0; i < items.Length; i += 2)
            dictionary.Set(items[i], items[i + 1]);
    }

    private void Require(PickleSkipped kind)
    {
        if (_stack.Peek() != kind)
            throw _cursor.Damaged($"items are added to what is not {kind}");
    }

    // The names of those that are refused on purpose.
    private static string Known(PickleOpcode opcode) => (byte)opcode switch
    {
        (byte)'i' => " (INST)",
        (byte)'o' => " (OBJ)",
        (byte)'P' => " (PERSID)",
        0x81 => " (NEWOBJ)",
        0x92 => " (NEWOBJ_EX)",
        0x82 or 0x83 or 0x84 => " (EXT)",
        0x97 or 0x98 => " (out-of-band buffer)",
        _ => "",
    };
}

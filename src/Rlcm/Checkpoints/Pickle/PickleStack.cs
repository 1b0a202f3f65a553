namespace Rlcm.Checkpoints.Pickle;

/// <summary>The values that a pickle is at work on, those it remembers, and the account of both.</summary>
/// <param name="cursor">The pickle, for messages.</param>
internal sealed class PickleStack(PickleCursor cursor)
{
    private readonly List<object> _values = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object> _memo = [];
    private int _made;

    /// <summary>Puts a value on top.</summary>
    public void Push(object value)
    {
        Account();
        _values.Add(value);
    }

    /// <summary>The value on top.</summary>
    public object Peek() => _values.Count > Floor ? _values[^1] : throw cursor.Damaged("a value is missing");

    /// <summary>Takes the value on top.</summary>
    public object Pop()
    {
        var value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>Marks the place from which <see cref="PopToMark"/> takes.</summary>
    public void Mark()
    {
        Account();
        _marks.Add(_values.Count);
    }

    /// <summary>Takes all values since the last mark, and the mark.</summary>
    public object[] PopToMark()
    {
        if (_marks.Count == 0)
            throw cursor.Damaged("a mark is missing");
        object[] values = [.. _values[Floor..]];
        _values.RemoveRange(Floor, values.Length);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    /// <summary>Remembers the value on top by the next free number.</summary>
    public void Remember() => Remember((uint)_memo.Count);

    /// <summary>Remembers the value on top as <paramref name="number"/>.</summary>
    public void Remember(uint number)
    {
        Account();
        if (number > PickleLimits.Values)
            throw cursor.Damaged($"a value is remembered as number {number}, beyond {PickleLimits.Values}");
        _memo[number] = Peek();
    }

    /// <summary>Puts the value on top that is remembered as <paramref name="number"/>.</summary>
    public void Recall(uint number) =>
        Push(_memo.TryGetValue(number, out var value) ? value : throw cursor.Damaged($"no value is remembered as number {number}"));

    /// <summary>The only value, at the end.</summary>
    public object Result() => _values.Count == 1 && _marks.Count == 0
        ? _values[0]
        : throw cursor.Damaged($"{_values.Count} values and {_marks.Count} marks are left at the end, expected one value");

    private int Floor => _marks.Count > 0 ? _marks[^1] : 0;

    private void Account()
    {
        if (++_made > PickleLimits.Values)
            throw cursor.Unsupported($"it builds more than {PickleLimits.Values} values");
    }
}

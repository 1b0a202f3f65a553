using System.Globalization;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>A value of which no more than its kind is kept, since it can hold no weight that has a name.</summary>
internal sealed class PickleSkipped
{
    private readonly string _kind;

    private PickleSkipped(string kind) => _kind = kind;

    /// <summary>Python's <c>None</c>.</summary>
    public static PickleSkipped None { get; } = new("None");

    /// <summary>A truth value, a fraction or an integer beyond 64 bits.</summary>
    public static PickleSkipped Number { get; } = new("a number");

    /// <summary>Bytes.</summary>
    public static PickleSkipped Bytes { get; } = new("bytes");

    /// <summary>A list.</summary>
    public static PickleSkipped List { get; } = new("a list");

    /// <summary>A set.</summary>
    public static PickleSkipped Set { get; } = new("a set");

    /// <summary>What a harmless global would have made.</summary>
    public static PickleSkipped Object { get; } = new("an object");

    /// <inheritdoc/>
    public override string ToString() => _kind;
}

/// <summary>
/// A dictionary, of which the entries with names are kept, in order; whole numbers are names too. As in Python, the last value of a name
/// stays, at the place of the first.
/// </summary>
internal sealed class PickleDictionary
{
    private readonly Dictionary<string, object> _items = new(StringComparer.Ordinal);

    /// <summary>The entries.</summary>
    public IReadOnlyDictionary<string, object> Items => _items;

    /// <summary>Sets the value of <paramref name="key"/>, if that can be a name.</summary>
    public void Set(object key, object value)
    {
        if (key is string name)
            _items[name] = value;
        else if (key is long number)
            _items[number.ToString(CultureInfo.InvariantCulture)] = value;
    }

    /// <inheritdoc/>
    public override string ToString() => "a dictionary";
}

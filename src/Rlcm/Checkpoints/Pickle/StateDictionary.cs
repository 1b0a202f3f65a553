using Rlcm.Runtime;

namespace Rlcm.Checkpoints.Pickle;

/// <summary>
/// The tensors of what a pickle describes, by name: those of its entry <c>state_dict</c> where it has one, as pytorch-lightning writes it,
/// else its own. Dictionaries within join their names with dots; everything else is left out.
/// </summary>
internal sealed class StateDictionary
{
    private const string StateDict = "state_dict";

    private readonly string _path;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly long _readableBytes;
    private long _readBytes;
    private int _visited;

    private StateDictionary(string path, long fileBytes) =>
        (_path, _readableBytes) = (path, Math.Max(PickleLimits.ExpandedBytes, PickleLimits.Expansion * fileBytes));

    /// <summary>The tensors of <paramref name="root"/> in order, from the file <paramref name="path"/> of <paramref name="fileBytes"/>.</summary>
    /// <exception cref="FileContentException">
    /// It is no dictionary, two tensors have one name, there are more, deeper or longer names than any model has, or tensors share or pack their
    /// bytes so that together they are many times the file.
    /// </exception>
    public static IReadOnlyDictionary<string, StoredTensor> Flatten(object root, string path, long fileBytes)
    {
        if (root is not PickleDictionary dictionary)
            throw PickleError.Unsupported(path, "its content is no dictionary, expected one of tensors by name");
        var found = new StateDictionary(path, fileBytes);
        found.Visit(dictionary.Items.TryGetValue(StateDict, out var inner) && inner is PickleDictionary weights ? weights : dictionary, "", 1);
        return found._tensors;
    }

    private void Visit(PickleDictionary dictionary, string prefix, int depth)
    {
        if (depth > PickleLimits.Depth)
            throw PickleError.Unsupported(_path, $"its dictionaries lie more than {PickleLimits.Depth} deep, or one is within itself");
        foreach (var (key, value) in dictionary.Items)
        {
            if (++_visited > PickleLimits.Values)
                throw PickleError.Unsupported(_path, $"its dictionaries have more than {PickleLimits.Values} entries");
            if (value is not (StoredTensor or PickleDictionary))
                continue;
            if (prefix.Length + key.Length > PickleLimits.NameLength)
                throw PickleError.Unsupported(_path, $"the name that begins with '{ReadableText.Quote(prefix + key)}' is longer than {PickleLimits.NameLength} characters");
            if (value is PickleDictionary inner)
                Visit(inner, $"{prefix}{key}.", depth + 1);
            else
                Add(prefix + key, (StoredTensor)value);
        }
    }

    private void Add(string name, StoredTensor tensor)
    {
        if (!_tensors.TryAdd(name, tensor))
            throw PickleError.Unsupported(_path, $"two tensors have the name '{ReadableText.Quote(name)}'");
        _readBytes += Math.Min(tensor.ReadBytes, _readableBytes + 1);
        if (_readBytes > _readableBytes)
            throw PickleError.Unsupported(_path, $"its tensors make more than {_readableBytes} bytes of it, far more than are in the file");
        if (_tensors.Count > PickleLimits.Tensors)
            throw PickleError.Unsupported(_path, $"it has more than {PickleLimits.Tensors} tensors");
    }
}

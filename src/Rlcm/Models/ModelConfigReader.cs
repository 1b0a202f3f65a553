using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models;

/// <summary>
/// Reads one <c>config.json</c> of a model. What is asked for is taken; every other entry must be neutral (null, false, empty) or
/// stated as required, so that an architecture this library does not implement is refused by name instead of being computed wrongly.
/// </summary>
internal sealed class ModelConfigReader
{
    /// <summary>Layers of one kind that a network may have.</summary>
    public const int MostLayers = 1 << 10;

    private const int MostChannels = 1 << 16;
    private const int MostLevels = 16;

    private readonly string _path;
    private readonly string _prefix = ""; // of an object within the file
    private readonly Dictionary<string, JsonElement> _rest;

    public ModelConfigReader(string path)
    {
        _path = path;
        if (!File.Exists(path))
            throw new UserErrorException($"{path}: the model's configuration is missing; expected it as diffusers and transformers write it.");
        try
        {
            using var document = StrictJson.Parse(UserFile.Read(path));
            ClassName = document.RootElement.TryGetProperty("_class_name", out var name) ? name.ToString() : "";
            _rest = document.RootElement.EnumerateObject()
                .Where(entry => !entry.Name.StartsWith('_'))
                .ToDictionary(entry => entry.Name, entry => entry.Value.Clone(), StringComparer.Ordinal);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileContentException(path, JsonMistake.PositionOf(error), $"{path}: not a JSON object without repeated keys ({JsonMistake.Describe(error)}); download the file again.", error);
        }
    }

    private ModelConfigReader(string path, string prefix, JsonElement value) =>
        (_path, _prefix, ClassName, _rest) = (path, prefix, "", value.EnumerateObject().Where(entry => !entry.Name.StartsWith('_')).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal));

    /// <summary>A reader of the object <paramref name="key"/>, which is to be finished by itself.</summary>
    public ModelConfigReader Object(string key)
    {
        _rest.Remove(key, out var value);
        return value.ValueKind == JsonValueKind.Object ? new(_path, $"{_prefix}{key}.", value) : throw Wrong(key, "an object", value);
    }

    /// <summary>Whether the entry <paramref name="key"/> is an object.</summary>
    public bool IsObject(string key) => _rest.TryGetValue(key, out var value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>diffusers' class, or empty.</summary>
    public string ClassName { get; }

    /// <summary>A whole number in a range; nobody has seen a model beyond the ranges here, and no memory holds one.</summary>
    public int Int(string key, int? fallback, int least, int most) => Take(key, fallback, $"a whole number from {least} to {most}",
        (JsonElement value, out int result) => value.TryGetInt32(out result) && result >= least && result <= most, JsonValueKind.Number);

    /// <summary>How many of something, or how wide it is: at least 1.</summary>
    public int Count(string key, int? fallback = null, int most = MostChannels) => Int(key, fallback, 1, most);

    public int? OptionalCount(string key) => IsAbsent(key) ? null : Count(key);

    public double Number(string key, double? fallback = null) =>
        Take(key, fallback, "a finite number", (JsonElement value, out double result) => value.TryGetDouble(out result) && double.IsFinite(result), JsonValueKind.Number);

    public bool Flag(string key, bool fallback)
    {
        if (IsAbsent(key))
            return fallback;
        _rest.Remove(key, out var value);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(key, "true or false", value);
    }

    public string Text(string key, string? fallback = null)
    {
        if (IsAbsent(key))
            return fallback ?? throw MissingKey(key);
        _rest.Remove(key, out var value);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, "a text", value);
    }

    /// <summary>A list of <paramref name="count"/> finite numbers.</summary>
    public IReadOnlyList<double> Numbers(string key, int count, IReadOnlyList<double> fallback)
    {
        if (IsAbsent(key))
            return fallback;
        _rest.Remove(key, out var value);
        double[] numbers = value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var number) ? number : double.NaN)]
            : [];
        return numbers.Length == count && numbers.All(double.IsFinite) ? numbers : throw Wrong(key, $"a list of {count} finite numbers", value);
    }

    /// <summary>How wide each level is; there is at least one.</summary>
    public int[] Counts(string key)
    {
        _rest.Remove(key, out var value);
        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() is > 0 and <= MostLevels
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number) && number is > 0 and <= MostChannels)
            ? [.. value.EnumerateArray().Select(item => item.GetInt32())]
            : throw Wrong(key, $"a list of whole numbers from 1 to {MostChannels}, one for each of at most {MostLevels} levels", value);
    }

    /// <summary>A whole number for all <paramref name="count"/> levels, or a list with one for each.</summary>
    public int[] CountPerLevel(string key, int count)
    {
        if (_rest.TryGetValue(key, out var value) && value.ValueKind == JsonValueKind.Number)
            return [.. Enumerable.Repeat(Count(key), count)];
        var levels = Counts(key);
        return levels.Length == count ? levels : throw Wrong(key, $"{count} entries", value);
    }

    public string[] Texts(string key)
    {
        _rest.Remove(key, out var value);
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(key, "a list of texts", value);
    }

    /// <summary>The entry is absent, null or one of <paramref name="supported"/>; anything else is refused by name.</summary>
    public void Require(string key, params object[] supported)
    {
        if (IsAbsent(key))
            return;
        _rest.Remove(key, out var value);
        var found = value.ToString();
        if (!supported.Any(option => JsonSerializer.Serialize(option) == value.GetRawText() || option is double number && value.ValueKind == JsonValueKind.Number && value.GetDouble() == number))
            throw new FileContentException(_path, $"{_prefix}{key}", $"{_path}: {_prefix}{key} = {found} is not supported; supported: {string.Join(", ", supported.Select(option => JsonSerializer.Serialize(option)))}; choose a model of that kind.");
    }

    /// <summary>As <see cref="Require"/>, where diffusers takes an absent entry for <paramref name="fallback"/>, which is not supported.</summary>
    public void RequireStated(string key, object fallback, object supported)
    {
        if (IsAbsent(key))
            throw new FileContentException(_path, key, $"{_path}: {key} is missing, which means {JsonSerializer.Serialize(fallback)} and is not supported; supported: {JsonSerializer.Serialize(supported)}; choose a model of that kind.");
        Require(key, supported);
    }

    /// <summary>Entries that do not change what is computed here.</summary>
    public void Ignore(params string[] keys)
    {
        foreach (var key in keys)
            _rest.Remove(key);
    }

    /// <summary>Refuses whatever was not asked for and is not neutral.</summary>
    public void Finish()
    {
        var unsupported = _rest.Where(entry => !IsNeutral(entry.Value)).Select(entry => $"{_prefix}{entry.Key} = {entry.Value.GetRawText()}").ToArray();
        if (unsupported.Length > 0)
            throw new FileContentException(_path, null, $"{_path}: not supported: {string.Join(", ", unsupported)}; this model needs an architecture that Rlcm does not implement.");
    }

    public FileContentException Wrong(string key, string expected, object? found) =>
        new(_path, $"{_prefix}{key}", $"{_path}: {_prefix}{key}: expected {expected}, found {(found is JsonElement { ValueKind: JsonValueKind.Undefined } ? "nothing" : found)}; correct the file, or download it again.");

    private delegate bool Parser<T>(JsonElement value, out T result);

    private T Take<T>(string key, T? fallback, string expected, Parser<T> parse, JsonValueKind kind)
        where T : struct
    {
        if (IsAbsent(key))
            return fallback ?? throw MissingKey(key);
        _rest.Remove(key, out var value);
        return value.ValueKind == kind && parse(value, out var result) ? result : throw Wrong(key, expected, value);
    }

    private bool IsAbsent(string key) => !_rest.TryGetValue(key, out var value) || value.ValueKind == JsonValueKind.Null;

    private FileContentException MissingKey(string key) => new(_path, $"{_prefix}{key}", $"{_path}: {_prefix}{key} is missing; this file is not the configuration of a supported model.");

    private static bool IsNeutral(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.String => value.GetString()!.Length == 0,
        _ => false,
    };
}

using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Rlcm.Training;

/// <summary>One key of a configuration: its name, and how JSON becomes a value of the property's type and range.</summary>
internal sealed class TrainConfigKey
{
    private readonly PropertyInfo _property;
    private readonly Type _type;
    private readonly bool _mayBeNull;
    private readonly RangeAttribute? _range;
    private readonly RegularExpressionAttribute? _pattern;

    private TrainConfigKey(PropertyInfo property)
    {
        _property = property;
        _type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        _mayBeNull = _type != property.PropertyType || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;
        _range = property.GetCustomAttribute<RangeAttribute>();
        _pattern = property.GetCustomAttribute<RegularExpressionAttribute>();
        Name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
        Choices = _type == typeof(bool) ? ["true", "false"]
            : _type.IsEnum ? [.. Enum.GetNames(_type).Select(JsonNamingPolicy.CamelCase.ConvertName)]
            : [.. (property.GetCustomAttribute<AllowedValuesAttribute>()?.Values ?? []).OfType<string>()];
    }

    /// <summary>All keys, in the order of <see cref="TrainConfig"/>.</summary>
    public static IReadOnlyList<TrainConfigKey> All { get; } = [.. typeof(TrainConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Select(property => new TrainConfigKey(property))];

    /// <summary>The name in camel case.</summary>
    public string Name { get; }

    /// <summary>The values that the key can take, where they are few.</summary>
    public IReadOnlyList<string> Choices { get; }

    /// <summary>What a value has to be, as the object of "expected".</summary>
    public string Expected => Choices.Count > 0 ? string.Join(" or ", Choices.Where(choice => choice != Tuning.Task))
        : _pattern is not null ? _pattern.ErrorMessage!
        : _type == typeof(string) ? $"text{(_mayBeNull ? " or null" : string.Empty)}"
        : _type == typeof(IReadOnlyList<string>) ? "a list of at least one name"
        : _type == typeof(IReadOnlyList<RewardWeight>) ? RewardWeight.Expected
        : $"{(_type == typeof(double) ? "a number" : "a whole number")}{ExpectedRange()}{(_mayBeNull ? " or null" : string.Empty)}";

    /// <summary>Sets the key's property of <paramref name="config"/>, which nobody else may have seen yet.</summary>
    public void Set(TrainConfig config, object? value) => _property.SetValue(config, value);

    /// <summary>Whether <paramref name="json"/> has the key's type and range; <paramref name="value"/> is what it says.</summary>
    public bool TryParse(JsonElement json, out object? value)
    {
        value = null;
        if (json.ValueKind == JsonValueKind.Null)
            return _mayBeNull;
        value = json.ValueKind switch
        {
            JsonValueKind.Number => ParseNumber(json),
            JsonValueKind.True or JsonValueKind.False when _type == typeof(bool) => json.GetBoolean(),
            JsonValueKind.String => ParseText(json.GetString()!),
            JsonValueKind.Array when _type == typeof(IReadOnlyList<string>) => ParseList(json),
            JsonValueKind.Array when _type == typeof(IReadOnlyList<RewardWeight>) => RewardWeight.Read(json),
            _ => null,
        };
        return value is not null;
    }

    /// <summary>The JSON that <paramref name="text"/> of a command line stands for: names need no quotation marks, lists are separated by commas.</summary>
    public JsonElement FromText(string text)
    {
        if (_type == typeof(IReadOnlyList<string>))
            return JsonSerializer.SerializeToElement(text.Split(',', StringSplitOptions.TrimEntries));
        if (_type == typeof(IReadOnlyList<RewardWeight>) && RewardWeight.Read(text) is { } parts)
            return JsonSerializer.SerializeToElement(parts, JsonSerializerOptions.Web);
        if (_type == typeof(string) && _mayBeNull && text == "null")
            return JsonElement.Parse(text);
        if (_type == typeof(string) || _type.IsEnum)
            return JsonSerializer.SerializeToElement(text);
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }

    private object? ParseNumber(JsonElement json)
    {
        object? number = null;
        if (_type == typeof(int) && json.TryGetInt32(out var int32))
            number = int32;
        else if (_type == typeof(ulong) && json.TryGetUInt64(out var uint64))
            number = uint64;
        else if (_type == typeof(double) && json.TryGetDouble(out var real) && double.IsFinite(real))
            number = real;
        return number is not null && IsInRange(Convert.ToDouble(number, CultureInfo.InvariantCulture)) ? number : null;
    }

    private object? ParseText(string text)
    {
        if (_type.IsEnum)
            return Choices.Contains(text) ? Enum.Parse(_type, text, ignoreCase: true) : null;
        return _type == typeof(string) && text.Trim().Length > 0 && (Choices.Count == 0 || Choices.Contains(text)) && _pattern?.IsValid(text) != false ? text : null;
    }

    private static string[]? ParseList(JsonElement json)
    {
        if (json.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            return null;
        string[] items = [.. json.EnumerateArray().Select(item => item.GetString()!)];
        return items.Length > 0 && items.All(item => item.Length > 0) ? items : null;
    }

    private (double Minimum, double Maximum) Limits() => _range is null
        ? (double.MinValue, double.MaxValue)
        : (Convert.ToDouble(_range.Minimum, CultureInfo.InvariantCulture), Convert.ToDouble(_range.Maximum, CultureInfo.InvariantCulture));

    private bool IsInRange(double number)
    {
        var (minimum, maximum) = Limits();
        return number >= minimum && number <= maximum
            && !(_range is { MinimumIsExclusive: true } && number == minimum)
            && !(_range is { MaximumIsExclusive: true } && number == maximum);
    }

    private string ExpectedRange()
    {
        var (minimum, maximum) = Limits();
        var lower = _range is { MinimumIsExclusive: true } ? $" above {minimum}" : $" of at least {minimum}";
        if (maximum is int.MaxValue or ulong.MaxValue or double.MaxValue)
            return lower;
        return $"{lower} and {(_range is { MaximumIsExclusive: true } ? "below" : "at most")} {maximum}";
    }
}

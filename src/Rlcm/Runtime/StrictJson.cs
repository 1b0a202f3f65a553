using System.Text.Json;
using System.Text.Unicode;

namespace Rlcm.Runtime;

/// <summary>
/// JSON as files of strangers may hold it: UTF-8, every key once, not nested without end, every text whole. Readers that are less strict take
/// the last of two equal keys, and fail later at texts that are no UTF-16.
/// </summary>
internal static class StrictJson
{
    /// <summary>How deep objects and lists may lie within each other; configurations of models take four.</summary>
    public const int MaximumDepth = 32;

    /// <summary>Settings of a serializer that is as strict.</summary>
    public static JsonSerializerOptions Options(JsonNamingPolicy names) => new()
    {
        PropertyNamingPolicy = names,
        AllowDuplicateProperties = false,
        RespectRequiredConstructorParameters = true,
        MaxDepth = MaximumDepth,
    };

    /// <summary>Parses <paramref name="json"/>; a byte order mark is skipped.</summary>
    /// <exception cref="JsonException">It breaks one of the rules.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, int maximumDepth = MaximumDepth)
    {
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        RequireWholeTexts(json.Span, new JsonReaderOptions { MaxDepth = maximumDepth });
        return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = maximumDepth, AllowDuplicateProperties = false });
    }

    /// <summary>Reads all of <paramref name="json"/> once and refuses what is not UTF-8, and texts that escape half of a character.</summary>
    /// <exception cref="JsonException">There is one, or it is no JSON.</exception>
    public static void RequireWholeTexts(ReadOnlySpan<byte> json, JsonReaderOptions options)
    {
        if (!Utf8.IsValid(json))
            throw Mistake(json, Utf8Text.FirstMistake(json).Offset, "The text is not UTF-8.");
        var reader = new Utf8JsonReader(json, options);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
                continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException error)
            {
                throw Mistake(json, (int)reader.TokenStartIndex, "A text escapes half of a character.", error);
            }
        }
    }

    private static JsonException Mistake(ReadOnlySpan<byte> json, int offset, string what, Exception? error = null)
    {
        var (line, column) = (json[..offset].Count((byte)'\n'), offset - 1 - json[..offset].LastIndexOf((byte)'\n'));
        return new(what, path: null, line, column, error);
    }
}

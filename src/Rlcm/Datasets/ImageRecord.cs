using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rlcm.Runtime;

namespace Rlcm.Datasets;

/// <summary>One line of <c>metadata.jsonl</c>: a picture and its caption. Keys are snake_case.</summary>
public sealed record ImageRecord
{
    private static readonly JsonSerializerOptions Json = new(StrictJson.Options(JsonNamingPolicy.SnakeCaseLower))
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Path of the picture relative to the folder, with '/'.</summary>
    public string FileName { get; init; } = "";

    /// <summary>The caption.</summary>
    public string Text { get; init; } = "";

    /// <summary>What the picture shows, without article and style word; lets trainers compose captions of their own.</summary>
    public string? Label { get; init; }

    /// <summary>The style word in the caption.</summary>
    public string? Style { get; init; }

    /// <summary>Normalized code point of an emoji.</summary>
    public string? Codepoint { get; init; }

    /// <summary>Group of an emoji, such as <c>animals-nature</c>.</summary>
    public string? Group { get; init; }

    /// <summary><c>train</c> or <c>test</c>; a record without a split is for training.</summary>
    public string? Split { get; init; }

    /// <summary>True when no stage may train on the picture.</summary>
    [JsonIgnore]
    public bool IsHeldOut => Split == HeldOutSplit.Test;

    internal string ToLine() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="JsonException">The line is not a JSON object with text fields.</exception>
    internal static ImageRecord Parse(string line) => JsonSerializer.Deserialize<ImageRecord>(line, Json) ?? throw new JsonException("null is not a record");
}

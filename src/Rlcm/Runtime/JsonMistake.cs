using System.Text.Json;

namespace Rlcm.Runtime;

/// <summary>Mistakes in JSON as users read them: .NET counts lines and bytes from 0 and gives advice to programmers.</summary>
internal static class JsonMistake
{
    // Where .NET's own sentence ends.
    private static readonly string[] Additions = [" Path: ", " LineNumber: ", " Change the reader options", " encountered during deserialization"];

    // What its sentences say to programmers: their start, and what it means to others.
    private static readonly (string Start, string Meaning)[] Meanings =
    [
        ("The JSON value could not be converted", "a value of another type is expected"),
        ("The input does not contain any JSON tokens", "it is empty"),
    ];

    private const string Missing = "was missing required properties including: ";

    /// <summary>Where the mistake is, for <see cref="FileContentException.Position"/>.</summary>
    public static string? PositionOf(Exception error) => error is JsonException { LineNumber: { } line } ? $"line {line + 1}" : null;

    /// <summary>What is wrong, and where in the file, for the middle of a sentence. Exceptions of other kinds say what they say.</summary>
    public static string Describe(Exception error) => PositionOf(error) is { } line ? $"{What(error)}, {line}{Byte(error)}" : What(error);

    /// <summary>As <see cref="Describe"/>, where the JSON is a line of its own and the sentence says which.</summary>
    public static string DescribeInLine(JsonException error) => $"{What(error)}{Byte(error)}";

    private static string What(Exception error)
    {
        var text = Additions.Aggregate(error.Message, (rest, addition) => rest.Split(addition)[0]).Trim().TrimEnd('.');
        var meaning = Meanings.FirstOrDefault(entry => text.StartsWith(entry.Start, StringComparison.Ordinal)).Meaning
            ?? (text.Split(Missing) is [_, var keys] ? $"it lacks {keys}" : text);
        return (error as JsonException)?.Path is { } path && path != "$" ? $"{meaning} at {path}" : meaning;
    }

    private static string Byte(Exception error) => error is JsonException { BytePositionInLine: { } offset } ? $", byte {offset + 1}" : "";
}

using System.Text.Json;

namespace Rlcm.Runtime;

/// <summary>Mistakes in JSON as users read them: .NET counts lines and bytes from 0 and gives advice to programmers.</summary>
internal static class JsonMistake
{
    // Where .NET's own sentence ends.
    private static readonly string[] Additions = [" Path: ", " LineNumber: ", " Change the reader options", " encountered during deserialization"];

    /// <summary>Where the mistake is, for <see cref="FileContentException.Position"/>.</summary>
    public static string? PositionOf(Exception error) => error is JsonException { LineNumber: { } line } ? $"line {line + 1}" : null;

    /// <summary>What is wrong, and where in the file, for the middle of a sentence. Exceptions of other kinds say what they say.</summary>
    public static string Describe(Exception error) => PositionOf(error) is { } line ? $"{What(error)}, {line}{Byte(error)}" : What(error);

    /// <summary>As <see cref="Describe"/>, where the JSON is a line of its own and the sentence says which.</summary>
    public static string DescribeInLine(JsonException error) => $"{What(error)}{Byte(error)}";

    private static string What(Exception error)
    {
        var text = Additions.Aggregate(error.Message, (rest, addition) => rest.Split(addition)[0]).Trim().TrimEnd('.');
        var isOtherType = text.StartsWith("The JSON value could not be converted", StringComparison.Ordinal);
        var place = (error as JsonException)?.Path is { } path && path != "$" ? $" at {path}" : "";
        return $"{(isOtherType ? "a value of another type is expected" : text)}{place}";
    }

    private static string Byte(Exception error) => error is JsonException { BytePositionInLine: { } offset } ? $", byte {offset + 1}" : "";
}

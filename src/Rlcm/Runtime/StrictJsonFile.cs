using System.Text.Encodings.Web;
using System.Text.Json;

namespace Rlcm.Runtime;

/// <summary>Records as JSON files for people: indented, names in snake case, written whole or not at all, read strictly.</summary>
public static class StrictJsonFile
{
    private static readonly JsonSerializerOptions Options = Strict();

    /// <summary>Writes <paramref name="value"/>; the file appears whole or not at all, in a folder that is made where it is missing.</summary>
    public static void Write<T>(string path, T value)
    {
        FileChanges.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.Write(path, stream =>
        {
            JsonSerializer.Serialize(stream, value, Options);
            stream.WriteByte((byte)'\n');
        });
    }

    /// <summary>Reads what <see cref="Write{T}"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">What to do where it holds something else, for the message.</param>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    /// <exception cref="FileContentException">It holds something else.</exception>
    public static T Read<T>(string path, string remedy = "remove the file, so that it is made again")
    {
        try
        {
            var bytes = UserFile.Read(path);
            StrictJson.RequireWholeTexts(bytes, new() { MaxDepth = StrictJson.MaximumDepth });
            return JsonSerializer.Deserialize<T>(bytes, Options) ?? throw new JsonException("The value is null.");
        }
        catch (JsonException error)
        {
            throw new FileContentException(path, $"line {(error.LineNumber ?? 0) + 1}", $"{path}:{(error.LineNumber ?? 0) + 1}: expected what rlcm wrote there, found something else ({JsonMistake.DescribeInLine(error)}); {remedy}.", error);
        }
    }

    private static JsonSerializerOptions Strict()
    {
        var options = StrictJson.Options(JsonNamingPolicy.SnakeCaseLower);
        options.RespectNullableAnnotations = true;
        options.WriteIndented = true;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // a file for people, never part of a web page
        return options;
    }
}

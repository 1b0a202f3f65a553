using System.Text.Encodings.Web;
using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Models;

/// <summary>Writes the JSON files of a model folder: indented, keys as given, atomically.</summary>
internal static class ModelJson
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, IReadOnlyDictionary<string, object?> entries)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream =>
        {
            JsonSerializer.Serialize(stream, entries, Options);
            stream.WriteByte((byte)'\n');
        });
    }
}

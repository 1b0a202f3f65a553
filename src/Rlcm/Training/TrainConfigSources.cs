using System.Text;
using System.Text.Json;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>A flag of the command line that sets a key.</summary>
/// <param name="Flag">Its name as the user wrote it, such as <c>--updates</c>; for messages.</param>
/// <param name="Key">The key it sets, such as <c>updates</c>.</param>
/// <param name="Value">The text behind it.</param>
public readonly record struct TrainConfigFlag(string Flag, string Key, string Value);

/// <summary>A value as it was found, not checked yet.</summary>
/// <param name="Key">The key, known or not.</param>
/// <param name="Value">The JSON, or null when it is <paramref name="Text"/> of a command line.</param>
/// <param name="Text">What was written.</param>
/// <param name="Origin">Where it was found: <c>quick.json:12</c> or <c>--set horizon</c>.</param>
internal sealed record TrainConfigEntry(string Key, JsonElement? Value, string Text, string Origin)
{
    /// <summary>Where a message points: what was found in a command line names the key already.</summary>
    public string Place => Value is null ? Origin : $"{Origin}: {Key}";
}

/// <summary>Reads the three places values come from.</summary>
internal static class TrainConfigSources
{
    // Each entry is looked for among the others, and a configuration has about fifty.
    private const int MostEntries = 1000;

    /// <summary>The preset's file: a path, or the bare name of a file in <c>configs/</c>.</summary>
    public static string FindPreset(string preset)
    {
        if (File.Exists(preset))
            return preset;
        var name = preset.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? preset : preset + ".json";
        if (Path.GetFileName(preset) == preset && ShippedFiles.Find(Path.Combine("configs", name)) is { } shipped)
            return shipped;
        var presets = Presets();
        throw new UserErrorException($"Cannot find the configuration {preset}: there is no such file, and the presets are {(presets.Count > 0 ? string.Join(", ", presets) : "none, since no folder configs was found")}; name one of them or an existing file.");
    }

    /// <summary>The names of the files in <c>configs/</c>.</summary>
    public static IReadOnlyList<string> Presets() => ShippedFiles.Find("configs") is { } folder
        ? [.. Directory.EnumerateFiles(folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The entries of a commented JSON object; problems of the file as a whole go to <paramref name="errors"/>.</summary>
    /// <exception cref="FileContentException">It is not UTF-8.</exception>
    public static List<TrainConfigEntry> ReadFile(string path, List<string> errors)
    {
        var entries = new List<TrainConfigEntry>();
        try
        {
            ReadObject(Encoding.UTF8.GetBytes(Utf8Text.Read(path)), path, entries, errors);
        }
        catch (JsonException exception)
        {
            errors.Add($"{path}:{exception.LineNumber + 1}: expected JSON, comments allowed, found a mistake ({JsonMistake.DescribeInLine(exception)}); mend the line or the one before");
        }
        catch (UserErrorException exception) when (exception is not FileContentException)
        {
            errors.Add($"{path}: cannot be read ({(exception.InnerException?.Message ?? exception.Message).TrimEnd('.')}); check the path and its permissions");
        }

        return entries;
    }

    /// <summary>The entry of <c>--set key=value</c>, or null after a note in <paramref name="errors"/>.</summary>
    public static TrainConfigEntry? ReadAssignment(string assignment, List<string> errors)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
            return new(assignment[..equals].Trim(), null, assignment[(equals + 1)..].Trim(), $"--set {assignment[..equals].Trim()}");
        errors.Add($"--set {assignment}: expected key=value, such as --set horizon=8");
        return null;
    }

    private static void ReadObject(byte[] json, string path, List<TrainConfigEntry> entries, List<string> errors)
    {
        var options = new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = StrictJson.MaximumDepth };
        StrictJson.RequireWholeTexts(json, options);
        var reader = new Utf8JsonReader(json, options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            errors.Add($"{path}: expected an object in braces, found {reader.TokenType}");
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            var origin = $"{path}:{1 + json.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n')}";
            reader.Read();
            var value = JsonElement.ParseValue(ref reader);
            if (entries.Find(entry => entry.Key == key) is { } earlier)
                errors.Add($"{origin}: {key} is set a second time, first at {earlier.Origin}; keep one of them");
            entries.Add(new(key, value, value.GetRawText(), origin));
            if (entries.Count <= MostEntries)
                continue;
            errors.Add($"{origin}: expected a configuration, found more than {MostEntries} keys; leave out what is none");
            return;
        }

        reader.Read();
    }
}

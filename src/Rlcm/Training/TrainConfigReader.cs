using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Puts a configuration together from a preset, flags and assignments, and reports every mistake in them at once.</summary>
public static class TrainConfigReader
{
    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file for people, never part of a web page
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Reads a configuration. Later sources win: preset, then <paramref name="flags"/>, then <paramref name="assignments"/>.</summary>
    /// <param name="preset">Path of a commented JSON file, or the bare name of one in <c>configs/</c>.</param>
    /// <param name="flags">Keys that have a flag of their own.</param>
    /// <param name="assignments"><c>key=value</c> each.</param>
    /// <exception cref="UserErrorException">Something is wrong: a line for each mistake says where, what was expected and what was found.</exception>
    /// <exception cref="FileContentException">A mistake is in the preset's file.</exception>
    public static TrainConfig Read(string preset, IEnumerable<TrainConfigFlag> flags, IEnumerable<string> assignments) =>
        ReadRun(TrainConfigSources.FindPreset(preset), flags, assignments);

    /// <summary>As <see cref="Read"/>, for the file that a run has of its own.</summary>
    /// <param name="path">The run's <c>config.json</c>.</param>
    /// <param name="flags">Keys that have a flag of their own.</param>
    /// <param name="assignments"><c>key=value</c> each.</param>
    /// <exception cref="UserErrorException">As <see cref="Read"/>.</exception>
    public static TrainConfig ReadRun(string path, IEnumerable<TrainConfigFlag> flags, IEnumerable<string> assignments)
    {
        var errors = new List<string>();
        var preset = TrainConfigSources.ReadFile(path, errors);
        return Compose(path, [.. preset, .. flags.Select(Entry), .. assignments.Select(assignment => TrainConfigSources.ReadAssignment(assignment, errors)).OfType<TrainConfigEntry>()], errors);
    }

    /// <summary>The defaults with <paramref name="flags"/>, for what needs a part of a configuration only, such as its reward.</summary>
    /// <param name="flags">Keys with a flag of their own.</param>
    /// <exception cref="UserErrorException">As <see cref="Read"/>.</exception>
    public static TrainConfig ReadFlags(IEnumerable<TrainConfigFlag> flags) => Compose("command line", [.. flags.Select(Entry)], []);

    /// <summary>Assignments as flags, <c>--set key</c> each, for <see cref="ReadFlags"/>.</summary>
    /// <param name="assignments"><c>key=value</c> each.</param>
    /// <exception cref="UserErrorException">One is none.</exception>
    public static IReadOnlyList<TrainConfigFlag> ReadAssignments(IEnumerable<string> assignments)
    {
        var errors = new List<string>();
        TrainConfigFlag[] flags = [.. assignments.Select(assignment => TrainConfigSources.ReadAssignment(assignment, errors)).OfType<TrainConfigEntry>().Select(entry => new TrainConfigFlag(entry.Origin, entry.Key, entry.Text))];
        return errors.Count == 0 ? flags : throw Report("command line", errors);
    }

    private static TrainConfigEntry Entry(TrainConfigFlag flag) => new(flag.Key, null, flag.Value, flag.Flag);

    private static TrainConfig Compose(string path, IReadOnlyList<TrainConfigEntry> entries, List<string> errors)
    {
        var config = new TrainConfig();
        var found = new Dictionary<string, TrainConfigEntry>(StringComparer.Ordinal);
        var faulty = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (TrainConfigKey.All.FirstOrDefault(key => key.Name == entry.Key) is not { } key)
            {
                errors.Add(UnknownKey(entry));
                continue;
            }

            if (key.TryParse(entry.Value ?? key.FromText(entry.Text), out var value))
            {
                key.Set(config, value);
                found[key.Name] = entry;
                continue;
            }

            faulty.Add(key.Name);
            errors.Add($"{entry.Place}: expected {key.Expected}, found {entry.Text}");
        }

        errors.AddRange(TrainConfigRules.Check(config).Where(conflict => !conflict.Keys.Any(faulty.Contains)).Select(conflict => Locate(conflict, found)));
        if (config.LogProb == LogProbReduction.Sum && !found.ContainsKey("maxGradNorm") && !faulty.Contains("maxGradNorm"))
            errors.Add($"{found["logProb"].Origin}: maxGradNorm: the gradient of summed log-probabilities grows with the number of latent dimensions, so that its limit has no default; set maxGradNorm too");
        return errors.Count == 0 ? config : throw Report(path, errors);
    }

    /// <summary>Writes <paramref name="config"/> so that it can be read again, every key stated.</summary>
    public static void Write(TrainConfig config, string path) => AtomicFile.Write(path, stream =>
    {
        JsonSerializer.Serialize(stream, config, JsonOptions);
        stream.WriteByte((byte)'\n');
    });

    /// <summary>Every key with its value as JSON has it, texts without quotation marks.</summary>
    public static IReadOnlyDictionary<string, string> ToSettings(TrainConfig config) =>
        JsonSerializer.SerializeToElement(config, JsonOptions).EnumerateObject().ToDictionary(
            entry => entry.Name, entry => entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : JsonSerializer.Serialize(entry.Value), StringComparer.Ordinal);

    private static string UnknownKey(TrainConfigEntry entry)
    {
        var names = TrainConfigKey.All.Select(key => key.Name);
        return NearestName.Find(entry.Key, names) is { } nearest
            ? $"{entry.Origin}: unknown key {entry.Key}; did you mean {nearest}?"
            : $"{entry.Origin}: unknown key {entry.Key}; known are {string.Join(", ", names)}";
    }

    private static string Locate(TrainConfigConflict conflict, Dictionary<string, TrainConfigEntry> found)
    {
        TrainConfigEntry[] entries = [.. conflict.Keys.Where(found.ContainsKey).Select(key => found[key])];
        if (entries is [var only] && only.Key == conflict.Keys[0])
            return $"{only.Place}: {conflict.Message}";
        var places = entries.Length > 0 ? string.Join(", ", entries.Select(entry => entry.Origin).Distinct(StringComparer.Ordinal)) : "defaults";
        return $"{places}: {conflict.Keys[0]}: {conflict.Message}";
    }

    private static string Sentence(string mistake) => mistake.EndsWith('?') ? mistake : $"{mistake}.";

    private static UserErrorException Report(string path, List<string> errors)
    {
        var heading = $"The configuration has {errors.Count} mistakes:";
        if (!errors.Exists(error => error.StartsWith($"{path}:", StringComparison.Ordinal)))
            return new(errors is [var mistake] ? Sentence(mistake) : $"{heading}\n  {string.Join("\n  ", errors)}");
        return errors is [var only]
            ? new FileContentException(path, int.TryParse(only[(path.Length + 1)..].Split(':')[0], out var line) ? $"line {line}" : null, Sentence(only))
            : FileContentException.OfSeveral(path, heading, errors);
    }
}

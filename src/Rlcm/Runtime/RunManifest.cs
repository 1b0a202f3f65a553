using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;

namespace Rlcm.Runtime;

/// <summary>A time that a run was continued.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="FromUpdate">Updates done before.</param>
/// <param name="CommandLine">The arguments of the program.</param>
/// <param name="GivenUp">What had changed and was continued with by force; null: nothing.</param>
public sealed record RunContinuation(DateTimeOffset Time, long FromUpdate, IReadOnlyList<string> CommandLine, string? GivenUp);

/// <summary>What a run was made with, for whoever wants to repeat it: the run folder's <c>manifest.json</c>.</summary>
/// <param name="Started">When it was started, UTC.</param>
/// <param name="CommandLine">The arguments of the program.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Versions">Program, runtime and libraries.</param>
/// <param name="Hardware">Processor, cores, operating system.</param>
/// <param name="Sha256">Hash of each file that the run reads, lower-case hexadecimal, by its path.</param>
/// <param name="Continued">Every time that it was continued.</param>
public sealed record RunManifest(
    DateTimeOffset Started,
    IReadOnlyList<string> CommandLine,
    ulong Seed,
    IReadOnlyDictionary<string, string> Versions,
    IReadOnlyDictionary<string, string> Hardware,
    IReadOnlyDictionary<string, string> Sha256,
    IReadOnlyList<RunContinuation> Continued)
{
    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file for people, never part of a web page
    };

    /// <summary>The version of Rlcm, with the commit that it was built from where that is known.</summary>
    public static string RlcmVersion => VersionOf(typeof(RunManifest));

    /// <summary>The manifest of a run that begins.</summary>
    /// <param name="sha256">Hashes of the files that it reads, by path.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="commandLine">The arguments of the program.</param>
    /// <param name="time">The clock.</param>
    public static RunManifest Gather(IReadOnlyDictionary<string, string> sha256, ulong seed, IReadOnlyList<string> commandLine, TimeProvider time) =>
        new(time.GetUtcNow(), commandLine, seed, GatherVersions(), GatherHardware(), sha256, []);

    /// <summary>An earlier manifest; null where the file is missing or is none.</summary>
    public static RunManifest? Read(string path)
    {
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize<RunManifest>(File.ReadAllBytes(path), JsonOptions) is { CommandLine: not null, Versions: not null, Hardware: not null, Sha256: not null } found
                ? found with { Continued = found.Continued ?? [] }
                : null;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the manifest; the file appears whole or not at all.</summary>
    public void Write(string path) => AtomicFile.Write(path, stream =>
    {
        JsonSerializer.Serialize(stream, this, JsonOptions);
        stream.WriteByte((byte)'\n');
    });

    internal static Dictionary<string, string> GatherVersions() => new(StringComparer.Ordinal)
    {
        ["rlcm"] = RlcmVersion,
        ["dotnet"] = Environment.Version.ToString(),
        ["torchSharp"] = VersionOf(typeof(torch)),
        ["libtorch"] = NativeTorch.Chosen is { } chosen ? $"{chosen.Version ?? NativeTorch.Load()?.Version} of {chosen.Path}" : torch.__version__,
        ["onnxRuntime"] = VersionOf(typeof(InferenceSession)),
    };

    private static Dictionary<string, string> GatherHardware() => new(StringComparer.Ordinal)
    {
        ["processor"] = ProcessorName(),
        ["cores"] = $"{Environment.ProcessorCount}",
        ["memoryGiB"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0}",
        ["system"] = $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
    };

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version!.ToString();

    internal static string ProcessorName()
    {
        const string processors = "/proc/cpuinfo"; // Linux
        var line = File.Exists(processors)
            ? File.ReadLines(processors).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") // Windows
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

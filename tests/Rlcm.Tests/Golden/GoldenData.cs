using System.Runtime.CompilerServices;
using System.Text.Json;
using Xunit;

namespace Rlcm.Tests.Golden;

/// <summary>
/// Numeric truth from the Python originals: <c>../shared/golden</c> beside the repository or, for the pipelines, the folder named by
/// RLCM_GOLDEN. Where it is missing, tests are skipped, and fail when CI=true.
/// </summary>
internal static class GoldenData
{
    private const string Missing = "(missing)";

    public static string RepositoryRoot { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", ".."));

    public static string SharedRoot { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "golden"));

    public static string PipelineRoot { get; } = Environment.GetEnvironmentVariable("RLCM_GOLDEN") is { Length: > 0 } root ? root : SharedRoot;

    /// <summary>
    /// Names of all folders <c>pipeline-*</c> that hold <paramref name="relative"/>: a quantity is tested where its file is there. Where none
    /// holds it, the shared folders stand in, so that no quantity goes untested.
    /// </summary>
    public static TheoryData<string> PipelinesWith(string relative)
    {
        var names = NamesIn(PipelineRoot, relative) is { Length: > 0 } found ? found : NamesIn(SharedRoot, relative);
        return [.. names.Length > 0 ? names : [Missing]];
    }

    /// <summary>The path of <paramref name="relative"/> in pipeline <paramref name="name"/>.</summary>
    public static string InPipeline(string name, string relative)
    {
        if (name == Missing)
            Absent($"no folder pipeline-* in {PipelineRoot}");
        var own = Path.Combine(PipelineRoot, name, relative);
        return Path.Exists(own) ? own : Path.Combine(SharedRoot, name, relative);
    }

    private static string[] NamesIn(string root, string relative) => Directory.Exists(root)
        ? [.. Directory.GetDirectories(root, "pipeline-*").Where(folder => Path.Exists(Path.Combine(folder, relative))).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The path of <paramref name="relative"/> below ../shared/golden.</summary>
    public static string Shared(string relative)
    {
        var path = Path.Combine(SharedRoot, relative);
        if (!Path.Exists(path))
            Absent($"{path} does not exist");
        return path;
    }

    public static JsonElement ReadJson(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    private static void Absent(string what)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail($"Golden data is missing: {what}.");
        Assert.Skip($"Golden data is missing: {what}.");
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

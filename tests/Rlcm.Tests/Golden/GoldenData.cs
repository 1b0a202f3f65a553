using System.Runtime.CompilerServices;
using System.Text.Json;
using Rlcm.Checkpoints;
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

    /// <summary>A relative RLCM_GOLDEN is meant from the repository's root, as <c>.ci/run</c> reads it.</summary>
    public static string PipelineRoot { get; } = Path.GetFullPath(Environment.GetEnvironmentVariable("RLCM_GOLDEN") is { Length: > 0 } root ? root : SharedRoot, RepositoryRoot);

    /// <summary>
    /// All folders <c>pipeline-*</c> that hold the file <paramref name="relative"/>, as seen from the repository: a quantity is tested where its
    /// file is there. Where none of those below RLCM_GOLDEN holds it, the shared ones stand in, so that no quantity goes untested.
    /// </summary>
    public static TheoryData<string> PipelinesWith(string relative) => Pipelines(folder => Path.Exists(Path.Combine(folder, relative)));

    /// <summary>As <see cref="PipelinesWith"/>, of the file's tensor <paramref name="tensor"/>.</summary>
    public static TheoryData<string> PipelinesWithTensor(string relative, string tensor) => Pipelines(folder =>
    {
        var path = Path.Combine(folder, relative);
        if (!File.Exists(path))
            return false;
        using var file = SafetensorsFile.Open(path);
        return file.Keys.Contains(tensor);
    });

    /// <summary>The path of <paramref name="relative"/> in <paramref name="pipeline"/>, one of those above.</summary>
    public static string InPipeline(string pipeline, string relative)
    {
        if (pipeline == Missing)
            Absent($"no folder pipeline-* in {PipelineRoot} holds it");
        return Path.Combine(RepositoryRoot, pipeline, relative);
    }

    private static TheoryData<string> Pipelines(Func<string, bool> isHeld)
    {
        var own = Folders(PipelineRoot);
        if (own.Length == 0)
            return [Missing];
        string[] holding = [.. own.Where(isHeld)];
        if (holding.Length == 0)
            holding = [.. Folders(SharedRoot).Where(isHeld)];
        return [.. holding.Select(folder => Path.GetRelativePath(RepositoryRoot, folder)).DefaultIfEmpty(Missing)];
    }

    private static string[] Folders(string root) =>
        Directory.Exists(root) ? [.. Directory.GetDirectories(root, "pipeline-*").Order(StringComparer.Ordinal)] : [];

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

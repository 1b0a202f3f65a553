using TorchSharp;

namespace Rlcm.Runtime;

/// <summary>
/// Everything that the numbers of a run depend on: its settings, the files it reads, and what computes them. A checkpoint holds it, and a run
/// that is continued is compared with it.
/// </summary>
/// <param name="Settings">The resolved settings by their names.</param>
/// <param name="Sha256">Hashes of the files that are read, by what they are to the run.</param>
/// <param name="Environment">Versions, processor, threads.</param>
public sealed record RunIdentity(
    IReadOnlyDictionary<string, string> Settings, IReadOnlyDictionary<string, string> Sha256, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>What computes in this process.</summary>
    /// <param name="device">Where the networks are.</param>
    /// <param name="threads">Threads of the networks; 0: as many as they have now.</param>
    public static IReadOnlyDictionary<string, string> CurrentEnvironment(string device, int threads)
    {
        NativeTorch.EnsureLoaded();
        var versions = RunManifest.GatherVersions();
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["rlcm"] = versions["rlcm"],
            ["dotnet"] = versions["dotnet"],
            ["torchSharp"] = versions["torchSharp"],
            ["libtorch"] = versions["libtorch"].Split(" of ")[0],
            ["onnxRuntime"] = versions["onnxRuntime"],
            ["processor"] = RunManifest.ProcessorName(),
        };
        if (device == "cpu")
            environment["threads"] = $"{(threads > 0 ? threads : torch.get_num_threads())}"; // sums are cut into as many parts
        return environment;
    }

    /// <summary>All differences to a run that goes on, a phrase each: <c>learningRate was 0.0001, is 0.0002</c>.</summary>
    /// <param name="now">The run that goes on.</param>
    /// <param name="free">Names of settings that may differ.</param>
    public IReadOnlyList<string> Differences(RunIdentity now, IReadOnlyCollection<string> free) =>
    [
        .. Compare(Settings, now.Settings).Where(entry => !free.Contains(entry.Name)).Select(Phrase),
        .. Compare(Sha256, now.Sha256).Select(entry => Phrase((entry.Name, Hash(entry.Was), Hash(entry.Is)))),
        .. Compare(Environment, now.Environment).Select(Phrase),
    ];

    private static IEnumerable<(string Name, string? Was, string? Is)> Compare(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now) =>
        before.Keys.Union(now.Keys).Order(StringComparer.Ordinal).Select(name => (name, before.GetValueOrDefault(name), now.GetValueOrDefault(name))).Where(entry => entry.Item2 != entry.Item3);

    private static string Phrase((string Name, string? Was, string? Is) entry) => $"{entry.Name} was {entry.Was ?? "nothing"}, is {entry.Is ?? "nothing"}";

    private static string? Hash(string? sha256) => sha256 is null ? null : $"SHA-256 {sha256[..Math.Min(12, sha256.Length)]}";
}

using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Rlcm.Tests.Training;

/// <summary>Compares what two runs left: adapters, checkpoints, figures, metrics, events and pictures, but for the times in them.</summary>
internal static class RunFiles
{
    private static readonly string[] OfTheirOwn = ["config.json", "manifest.json", "checksums.json", "latest", ".lock", ".pid"]; // paths, times and hashes of times

    public static void RequireEqual(string expected, string found)
    {
        Assert.Equal(Names(expected), Names(found));
        foreach (var name in Names(expected))
            Assert.True(WithoutTimes(Path.Combine(expected, name)) == WithoutTimes(Path.Combine(found, name)), $"{name} differs");
        Assert.Equal(Rewards(expected), Rewards(found));
    }

    /// <summary>The bytes of a file as letters, without numbers of seconds.</summary>
    public static string WithoutTimes(string path)
    {
        var bytes = Encoding.Latin1.GetString(File.ReadAllBytes(path));
        return Path.GetExtension(path) is ".json" or ".jsonl" ? Regex.Replace(bytes, "\"(seconds|images_per_second)\": ?[^,}]*", "", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10)) : bytes;
    }

    private static IEnumerable<(long Step, float? Train, float? Evaluation)> Rewards(string run) =>
        EventFile.Read(Assert.Single(Directory.GetFiles(Path.Combine(run, "tensorboard")))).Where(item => item.Scalars.Count > 0)
            .Select(item => (item.Step, Reward(item.Scalars, "train"), Reward(item.Scalars, "evaluation")));

    private static float? Reward(IReadOnlyDictionary<string, float> scalars, string group) => scalars.TryGetValue($"{group}/reward_mean", out var reward) ? reward : null;

    private static string[] Names(string run) =>
    [
        .. Directory.GetFiles(run, "*", SearchOption.AllDirectories).Where(path => !OfTheirOwn.Contains(Path.GetFileName(path)))
            .Select(path => Path.GetRelativePath(run, path)).Where(name => !name.StartsWith("tensorboard", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Rlcm.Tests.Training;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>What a run left, file by file, without what differs from one time to the next: times, paths, the manifest.</summary>
internal static class RunContent
{
    private static readonly string[] Times = ["seconds", "images_per_second"];

    /// <summary>A text for each file: hashes, or lines where times have to be left out. Every checkpoint is verified on the way.</summary>
    public static IReadOnlyDictionary<string, string> Of(string path)
    {
        var run = RunFolder.Open(path);
        var store = new CheckpointStore(run.Checkpoints);
        foreach (var number in store.Numbers)
            store.Load(number).Dispose();
        store.Latest()!.Dispose();

        var content = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(path, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(path, file);
            var folder = name.Split(Path.DirectorySeparatorChar)[0];
            if (Path.GetFileName(name) is ".lock" or ".pid" or "manifest.json" or "config.json" or "checksums.json" or "latest")
                continue;
            if (folder == "tensorboard")
                name = folder; // its file is named by the time
            Assert.True(content.TryAdd(name, folder == "tensorboard" ? Events(file) : Content(file)), $"{name} is there twice");
        }

        return content;
    }

    /// <summary>Two runs left the same; the message names what differs.</summary>
    public static void RequireEqual(IReadOnlyDictionary<string, string> expected, string path, string moment)
    {
        var found = Of(path);
        string[] different = [.. expected.Keys.Union(found.Keys).Order(StringComparer.Ordinal).Where(name => expected.GetValueOrDefault(name) != found.GetValueOrDefault(name))
            .Select(name => $"{name}: expected {expected.GetValueOrDefault(name) ?? "nothing"}, found {found.GetValueOrDefault(name) ?? "nothing"}")];
        Assert.True(different.Length == 0, $"{moment}: {string.Join('\n', different)}");
    }

    /// <summary>Whether a checkpoint is safe as soon as this is done.</summary>
    public static bool SavesCheckpoint(FileChange change) => change.Kind == FileChangeKind.Rename && Path.GetFileName(change.Path) == "latest";

    /// <summary>The checkpoint to continue from is whole and not older than that of update or step <paramref name="number"/>; none is needed for 0. Returns its number.</summary>
    public static long RequireCheckpoint(string path, long number, string moment)
    {
        using var checkpoint = new CheckpointStore(Path.Combine(path, "checkpoints")).Latest();
        Assert.True((checkpoint?.Number ?? 0) >= number, $"{moment}: expected the checkpoint {number}, found {checkpoint?.Number.ToString(CultureInfo.InvariantCulture) ?? "none"}");
        return checkpoint?.Number ?? 0;
    }

    private static string Content(string file) => Path.GetFileName(file) switch
    {
        "metrics.jsonl" => string.Join('\n', File.ReadLines(file).Select(line => WithoutTimes(JsonNode.Parse(line)!))),
        "state.json" => WithoutTimes(JsonNode.Parse(File.ReadAllText(file))!),
        _ => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))),
    };

    private static string WithoutTimes(JsonNode node)
    {
        foreach (var part in (JsonNode?[])[node, node["evaluation"]])
        {
            foreach (var time in Times)
                part?.AsObject().Remove(time);
        }

        return node.ToJsonString();
    }

    private static string Events(string file) => string.Join('\n', EventFile.Read(file).Where(item => item.Scalars.Count > 0).Select(item =>
        $"{item.Step}: {string.Join(' ', item.Scalars.Where(scalar => !Times.Contains(scalar.Key.Split('/')[1])).Select(scalar => string.Create(CultureInfo.InvariantCulture, $"{scalar.Key}={scalar.Value:R}")))}"));
}

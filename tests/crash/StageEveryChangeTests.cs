using Rlcm.Cli.Tests;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Runtime;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.CrashTests;

/// <summary>As <see cref="EveryChange"/>, for the stages that make a model: a checkpoint after each of their steps.</summary>
public sealed class StageEveryChangeTests : IDisposable
{
    private static readonly int Stride = CrashSettings.Get("RLCM_CRASH_STAGE_STRIDE", 6);

    private readonly TemporaryFolder _folder = new();

    public StageEveryChangeTests()
    {
        TinyModels.Write(_folder["teacher"], SchedulerConfig.Ddim);
        Directory.CreateDirectory(_folder["pictures"]);
        for (var i = 0; i < 4; i++)
        {
            PngFile.Write(_folder[$"pictures/{i}.png"], new ImageBatch([.. Enumerable.Range(0, 16 * 16 * 3).Select(k => (byte)(k * (i + 1)))], 1, 16, 16));
            File.AppendAllText(_folder["pictures/metadata.jsonl"], $$"""{"file_name":"{{i}}.png","text":"{{TinyModels.Prompts[i]}}"}""" + "\n");
        }

        Directory.CreateDirectory(_folder["architecture"]);
        foreach (var part in (string[])["vae", "unet", "text_encoder"])
            File.Copy(_folder[$"teacher/{part}/config.json"], _folder[$"architecture/{part}.json"]);
        File.WriteAllLines(_folder["prompts.txt"], ["a cat"]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vae")]
    [InlineData("teacher")]
    [InlineData("teacher from nothing")]
    [InlineData("distill")]
    public async Task A_stage_that_dies_before_a_change_of_a_file_ends_as_an_undisturbed_one(string stage)
    {
        var changes = await RunAsync(Arguments(stage, "undisturbed"), (_, _) => { });
        var expected = Content("undisturbed");
        Assert.Contains("loss.jsonl", expected.Keys);
        Assert.InRange(changes, 100, 800);
        for (var last = 1; last <= changes; last += Stride)
        {
            var moment = $"death before change {last} of {changes}";
            var saved = 0;
            await RunAsync(Arguments(stage, "run"), (number, change) =>
            {
                if (number == last)
                    moment += $", {change.Kind} of {change.Path}";
                if (number >= last)
                    throw new InvalidOperationException(moment);
                saved += RunContent.SavesCheckpoint(change) ? 1 : 0;
            });
            RunContent.RequireCheckpoint(_folder["run"], saved, moment);
            await RunAsync(Arguments(stage, "run"), (_, _) => { });
            var found = Content("run");
            Assert.True(expected.Keys.SequenceEqual(found.Keys), $"{moment}: {string.Join(' ', expected.Keys)} became {string.Join(' ', found.Keys)}");
            Assert.All(expected, entry => Assert.True(entry.Value.SequenceEqual(found[entry.Key]), $"{moment}: {entry.Key} differs"));
            Directory.Delete(_folder["run"], recursive: true);
        }
    }

    /// <summary>Two steps with a checkpoint each; continued where the folder holds one.</summary>
    private string[] Arguments(string stage, string output)
    {
        string[] command = stage switch
        {
            "vae" => ["pretrain", "vae", "--from", _folder["teacher/vae"]],
            "teacher" => ["pretrain", "teacher", "--vae", _folder["teacher/vae"], "--from", _folder["teacher"], "--prompts", _folder["prompts.txt"]],
            "teacher from nothing" => ["pretrain", "teacher", "--vae", _folder["teacher/vae"], "--architecture", _folder["architecture"], "--merges", "2", "--prompts", _folder["prompts.txt"]],
            _ => ["distill", "--teacher", _folder["teacher"], "--prompts", _folder["prompts.txt"]],
        };
        return [.. command, "--dataset", _folder["pictures"], "--batch", "2", "--images", "4", "--checkpoint-minutes", "1e-9", "--threads", "1", "--output", _folder[output], .. Path.Exists(_folder[output]) ? (string[])["--resume"] : []];
    }

    /// <summary>The bytes of every file by name.</summary>
    private SortedDictionary<string, byte[]> Content(string name)
    {
        string[] files = [.. Directory.GetFiles(_folder[name], "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != ".pid")];
        return new(files.ToDictionary(file => Path.GetRelativePath(_folder[name], file), File.ReadAllBytes), StringComparer.Ordinal);
    }

    private static async Task<int> RunAsync(string[] arguments, Action<int, FileChange> disturb)
    {
        var changes = 0;
        FileChanges.Announced = change => disturb(++changes, change);
        try
        {
            var (code, _, error) = await CommandLine.RunAsync(arguments);
            Assert.True(code == 0 || error.Contains("death before change", StringComparison.Ordinal), error);
            return changes;
        }
        finally
        {
            FileChanges.Announced = null;
        }
    }
}

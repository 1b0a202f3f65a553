using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests.Training;

public sealed class FinishedRunTests : IDisposable
{
    private static readonly string[] Kept = ["adapter/adapter_config.json", "adapter/adapter_model.safetensors", "config.json", "evaluation-before.json", "evaluation.json", "images/comparison.png", "manifest.json", "metrics.jsonl"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_process_that_ends_at_any_change_leaves_a_run_that_can_be_trimmed_again()
    {
        MakeRun("run");
        var changes = new List<FileChange>();
        Trim(changes.Add, "run");
        Assert.Equal(Kept, Files("run"));
        Assert.True(FinishedRun.IsTrimmed(_folder["run"]));
        Assert.All(RunManifest.Read(_folder["run/manifest.json"])!.Sha256.Keys, file => Assert.True(file is "configs/prompts/animals-45.txt" || file == _folder["prompts.txt"] || file.StartsWith(_folder["model"], StringComparison.Ordinal), file));
        Assert.Contains("configs/prompts/animals-45.txt", RunManifest.Read(_folder["run/manifest.json"])!.Sha256.Keys);
        Assert.Equal((2, "compression"), (AdapterFile.Read(_folder["run/adapter"]).Rank, AdapterProvenance.Read(_folder["run/adapter"]).Task));
        Assert.InRange(new FileInfo(_folder["run/adapter/adapter_model.safetensors"]).Length, 1, new FileInfo(_folder["made/adapter/adapter_model.safetensors"]).Length - 1);

        for (var last = 0; last < changes.Count; last++)
        {
            MakeRun($"{last}");
            var left = last;
            Assert.Throws<InvalidOperationException>(() => Trim(_ => left = left > 0 ? left - 1 : throw new InvalidOperationException("killed"), $"{last}"));
            Assert.True(FinishedRun.IsFinished(_folder[$"{last}"]), $"{changes[last]}");
            Trim(_ => { }, $"{last}");
            Assert.Equal(Kept, Files($"{last}").Where(file => !file.StartsWith('.')));
            Assert.Equal(Adapter("run"), Adapter($"{last}"));
        }
    }

    [Fact]
    public void Nothing_goes_on_from_what_was_trimmed()
    {
        MakeRun("run");
        Trim(_ => { }, "run");
        var config = TrainConfigReader.ReadRun(_folder["run/config.json"], [], []);
        Assert.Equal(
            $"The run in {_folder["run"]} is finished and was made small, expected checkpoints to go on from, found none; begin a new run with --config {_folder["run/config.json"]}.",
            Assert.Throws<UserErrorException>(() => TrainingRun.Continue(_folder["run"], config, new(), [], TimeProvider.System)).Message);
        Assert.Equal(Kept, Files("run"));
        Assert.True(FinishedRun.IsTrimmed(_folder["run"]));
    }

    [Fact]
    public void What_is_not_finished_or_in_use_is_not_trimmed()
    {
        MakeRun("run");
        using (RunLock.Take(_folder["run"]))
            Assert.Throws<UserErrorException>(() => FinishedRun.Trim(_folder["run"]));
        Assert.True(Directory.Exists(_folder["run/checkpoints"]));
        File.Delete(_folder["run/evaluation.json"]);
        Assert.False(FinishedRun.IsFinished(_folder["run"]));
        Assert.Throws<ArgumentException>(() => FinishedRun.Trim(_folder["run"]));
        Assert.False(FinishedRun.IsFinished(_folder["none"]));
    }

    private void Trim(Action<FileChange> announced, string name)
    {
        FileChanges.Announced = announced;
        try
        {
            FinishedRun.Trim(_folder[name]);
        }
        finally
        {
            FileChanges.Announced = null;
        }
    }

    /// <summary>A copy of a run of one update, with the sheet of pictures that the program adds.</summary>
    private void MakeRun(string name)
    {
        if (!Directory.Exists(_folder["made"]))
        {
            File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
            var config = new TrainConfig
            {
                Model = TinyModels.Write(_folder["model"]),
                Prompts = "configs/prompts/animals-45.txt",
                EvaluationPrompts = _folder["prompts.txt"],
                Updates = 1,
                ImagesPerUpdate = 4,
                SamplingBatch = 4,
                MicroBatch = 4,
                Horizon = 2,
                OriginSteps = 2,
                LoraRank = 2,
            };
            using var session = new TrainingSession(config);
            using var run = TrainingRun.Begin(_folder["made"], config, [], TimeProvider.System);
            session.Run(
                run, new(new SynchronousProgress<UpdateMetrics>(_ => { }), new SynchronousProgress<EvaluationMetrics>(_ => { }), new SynchronousProgress<PartialReport>(_ => { })),
                TimeProvider.System, TestContext.Current.CancellationToken);
            File.WriteAllBytes(_folder["made/images/comparison.png"], [1]);
            File.WriteAllText(_folder["made/plots/reward.png"], "");
        }

        foreach (var file in Directory.GetFiles(_folder["made"], "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_folder[name], Path.GetRelativePath(_folder["made"], file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private string[] Files(string name) => [.. Directory.GetFiles(_folder[name], "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder[name], path)).Order(StringComparer.Ordinal)];

    private string Adapter(string name) => FileHash.Sha256(_folder[$"{name}/adapter/adapter_model.safetensors"]);
}

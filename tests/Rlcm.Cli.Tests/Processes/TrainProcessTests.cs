using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Tests.Training;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>What <c>rlcm train</c> leaves behind, file by file.</summary>
public sealed class TrainProcessTests(TrainedRun run) : IClassFixture<TrainedRun>
{
    private static readonly string[] UpdateKeys =
    [
        "update", "queries", "seconds", "reward_mean", "reward_std", "advantage_mean", "loss", "ratio_mean", "clip_fraction", "approx_kl",
        "grad_norm", "learning_rate", "images_per_second", "sampling_evaluations", "training_evaluations", "reference_kl", "kl_coefficient",
    ];

    [Fact]
    public void It_succeeds_and_writes_a_plain_line_for_every_update()
    {
        Assert.Equal((0, string.Empty), (run.Code, run.Error));
        var updates = run.Output.Where(line => line.StartsWith("update ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(3, updates.Length);
        Assert.All(updates.Index(), line => Assert.Matches(
            $@"^update {line.Index + 1}/3  images {64 * (line.Index + 1)}  reward -\d+\.\d{{3}} \+- \d+\.\d{{3}}  KL \S+, to base \S+  clipped \d\.\d\d  \d+\.\d images/s  ETA 00:\d\d:\d\d$", line.Item));
        Assert.Equal(3, run.Output.Count(line => line.StartsWith("evaluation after update ", StringComparison.Ordinal)));
        var checks = run.Output.Where(line => line.StartsWith("check ", StringComparison.Ordinal)).ToArray();
        Assert.True(checks.Length >= 4);
        Assert.All(checks, line => Assert.StartsWith("check passed  ", line, StringComparison.Ordinal));
        Assert.DoesNotContain(run.Output, line => line.Contains('\u001b', StringComparison.Ordinal));
        Assert.Equal(8, run.Output.Count(line => line.StartsWith("untuned, ", StringComparison.Ordinal) || line.StartsWith("tuned, ", StringComparison.Ordinal)));
        Assert.Contains(run.Output, line => line.StartsWith("│ steps │", StringComparison.Ordinal));
        Assert.Contains($"Adapter: {run.Run.Adapter}", run.Output);
    }

    [Fact]
    public void Nothing_but_the_files_of_a_run_is_left()
    {
        var names = Directory.GetFileSystemEntries(run.Run.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal([".lock", ".pid", "adapter", "best", "checkpoints", "config.json", "evaluation-before.json", "evaluation.json", "images", "manifest.json", "metrics.jsonl", "plots", "tensorboard"], names);
        Assert.DoesNotContain(Directory.GetFiles(run.Run.Path, "*", SearchOption.AllDirectories), path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_of_services_are_nowhere_in_it()
    {
        var files = Directory.GetFiles(run.Run.Path, "*", SearchOption.AllDirectories);
        Assert.InRange(files.Length, 20, 100);
        Assert.All(files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(TrainedRun.Secret))));
        Assert.DoesNotContain(run.Output, line => line.Contains(TrainedRun.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public void The_configuration_states_every_key_and_works_again()
    {
        var config = TrainConfigReader.Read(run.Run.Config, [], []);
        Assert.Equal((run.Model, 3, 7UL, 64, 64), (config.Model, config.Updates, config.Seed, config.ImagesPerUpdate, config.Height));
        var keys = typeof(TrainConfig).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        Assert.Equal(keys.Order(StringComparer.Ordinal), Json(run.Run.Config).EnumerateObject().Select(entry => entry.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_manifest_tells_what_the_run_was_made_with()
    {
        var manifest = Json(run.Run.Manifest);
        Assert.Equal(7, manifest.GetProperty("seed").GetInt32());
        Assert.Equal(["train", "--model", run.Model], manifest.GetProperty("commandLine").EnumerateArray().Take(3).Select(item => item.GetString()!));
        Assert.All((string[])["rlcm", "dotnet", "torchSharp", "libtorch"], name => Assert.NotEmpty(manifest.GetProperty("versions").GetProperty(name).GetString()!));
        var weights = Path.Combine(run.Model, "unet", "diffusion_pytorch_model.safetensors");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(weights))), manifest.GetProperty("sha256").GetProperty(weights).GetString());
    }

    [Fact]
    public void The_metrics_hold_exactly_the_keys_of_an_update_and_the_evaluations_between()
    {
        var lines = File.ReadLines(run.Run.Metrics).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        var updates = lines.Where(line => !line.TryGetProperty("evaluation", out _)).ToArray();
        Assert.All(updates, line => Assert.Equal(UpdateKeys, line.EnumerateObject().Select(entry => entry.Name)));
        Assert.Equal([(1, 64), (2, 128), (3, 192)], updates.Select(line => (line.GetProperty("update").GetInt32(), line.GetProperty("queries").GetInt32())));
        Assert.All(updates, line => Assert.All(line.EnumerateObject(), entry => Assert.True(double.IsFinite(entry.Value.GetDouble()))));
        Assert.True(updates[0].GetProperty("seconds").GetDouble() < updates[2].GetProperty("seconds").GetDouble());
        Assert.All(updates, line => Assert.True(line.GetProperty("reward_mean").GetDouble() < 0 && line.GetProperty("grad_norm").GetDouble() > 0));

        Assert.Equal([0, -1, -2, 2, -3, 3], lines.Select(line => line.TryGetProperty("evaluation", out var inner) ? inner.GetProperty("update").GetInt32() : -line.GetProperty("update").GetInt32()));
        var evaluation = lines[0].GetProperty("evaluation");
        Assert.Equal(64, evaluation.GetProperty("images").GetInt32());
        Assert.True(evaluation.GetProperty("reward_mean").GetDouble() < 0 && evaluation.GetProperty("reward_std").GetDouble() > 0);
        Assert.Equal(JsonValueKind.Null, evaluation.GetProperty("recognized_share").ValueKind);
    }

    [Fact]
    public void TensorBoard_gets_the_same_steps()
    {
        var events = EventFile.Read(Assert.Single(Directory.GetFiles(run.Run.Events)));
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal([1L, 2, 3], events.Where(item => item.Scalars.ContainsKey("train/reward_mean")).Select(item => item.Step));
        Assert.Equal([0L, 2, 3], events.Where(item => item.Scalars.ContainsKey("evaluation/reward_mean")).Select(item => item.Step));
    }

    [Theory]
    [InlineData("images/000000.png", 512, 512)] // 8 x 8 pictures of 64 x 64
    [InlineData("images/000002.png", 512, 512)]
    [InlineData("images/000003.png", 512, 512)]
    [InlineData("images/before.png", 512, 512)]
    [InlineData("images/after.png", 512, 512)]
    [InlineData("images/comparison.png", 1120, 2928)] // 4 pairs a row, 16 rows
    [InlineData("plots/reward.png", 800, 450)]
    public void Every_picture_has_its_size(string file, int width, int height)
    {
        var picture = PngFile.Read(Path.Combine(run.Run.Path, file));
        Assert.Equal((width, height), (picture.Width, picture.Height));
        Assert.True(picture.Pixels.Distinct().Count() > 50, "it is no empty canvas");
    }

    [Fact]
    public void Before_and_after_are_the_first_and_the_last_evaluation()
    {
        Assert.Equal(Picture("000000.png"), Picture("before.png"));
        Assert.Equal(Picture("000003.png"), Picture("after.png"));
        Assert.NotEqual(Picture("before.png"), Picture("after.png"));
    }

    [Fact]
    public void The_latest_checkpoint_is_whole()
    {
        Assert.Matches("^000003 [0-9a-f]{64}\n$", File.ReadAllText(Path.Combine(run.Run.Checkpoints, "latest")));
        using var checkpoint = new CheckpointStore(run.Run.Checkpoints).Latest();
        Assert.Equal((3L, 192L), (checkpoint!.State<TrainingState>().Update, checkpoint.State<TrainingState>().Queries));
    }

    [Theory]
    [InlineData("adapter")]
    [InlineData("best")]
    public async Task The_adapter_can_be_drawn_with(string adapter)
    {
        await CommandLine.SucceedAsync("sample", "--model", run.Model, "--adapter", Path.Combine(run.Run.Path, adapter), "--prompt", "a cat", "--output", run[$"{adapter}.png"]);
        Assert.Equal(16, PngFile.Read(run[$"{adapter}.png"]).Width);
    }

    [Fact]
    public void The_evaluation_compares_before_and_after_at_every_horizon()
    {
        var evaluation = Json(run.Run.Evaluation);
        Assert.Equal(("compression", "kB"), (evaluation.GetProperty("task").GetString(), evaluation.GetProperty("unit").GetString()));
        foreach (var when in (string[])["before", "after"])
        {
            var horizons = evaluation.GetProperty(when).EnumerateArray().ToArray();
            Assert.Equal([1, 2, 4, 8], horizons.Select(entry => entry.GetProperty("horizon").GetInt32()));
            foreach (var entry in horizons)
            {
                foreach (var part in (string[])["seen", "unseen"])
                {
                    var summary = entry.GetProperty(part);
                    Assert.Equal(32, summary.GetProperty("n").GetInt32());
                    Assert.True(summary.GetProperty("mean").GetDouble() < 0 && summary.GetProperty("std").GetDouble() >= 0);
                }

                Assert.InRange(entry.GetProperty("largest_near_identical_group").GetInt32(), 1, 64);
                Assert.All((string[])["recognized_share", "recognized_samples", "diversity"], name => Assert.Equal(JsonValueKind.Null, entry.GetProperty(name).ValueKind));
            }
        }
    }

    private byte[] Picture(string name) => PngFile.Read(Path.Combine(run.Run.Images, name)).Pixels;

    private static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
}

using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary>Makes a tiny model from pictures to consistency model, and makes every mistake on the way.</summary>
public sealed class StageCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StageCommandTests()
    {
        var model = TinyModels.Write(_folder["teacher"], SchedulerConfig.Ddim);
        Directory.CreateDirectory(_folder["architecture"]);
        foreach (var part in (string[])["vae", "unet", "text_encoder"])
            File.Copy(Path.Combine(model, part, "config.json"), _folder[$"architecture/{part}.json"]);

        Directory.CreateDirectory(_folder["pictures"]);
        for (var i = 0; i < 4; i++)
        {
            PngFile.Write(_folder[$"pictures/{i}.png"], new ImageBatch([.. Enumerable.Range(0, 16 * 16 * 3).Select(k => (byte)(k * (i + 1)))], 1, 16, 16));
            File.AppendAllText(_folder["pictures/metadata.jsonl"], $$"""{"file_name":"{{i}}.png","text":"{{TinyModels.Prompts[i]}}","group":"animals"}""" + "\n");
        }

        File.WriteAllLines(_folder["prompts.txt"], ["a cat", "a dog"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task From_pictures_to_pictures()
    {
        var vae = await Stage("vae", "pretrain", "vae", "--architecture", _folder["architecture"]);
        Assert.EndsWith($"\nSaved {_folder["vae/model"]}.\n", vae, StringComparison.Ordinal);
        Assert.StartsWith("vae step 2/2  images 8  loss ", vae, StringComparison.Ordinal);

        var teacher = await Stage("new", "pretrain", "teacher", "--vae", _folder["vae/model/vae"], "--architecture", _folder["architecture"], "--merges", "20", "--prompts", _folder["prompts.txt"]);
        Assert.EndsWith($"\nSaved {_folder["new/model"]}.\n", teacher, StringComparison.Ordinal);
        Assert.Equal((16, 8 * 16), SizeOf("new/samples/0000002.png"));

        await Stage("lcm", "distill", "--teacher", _folder["new/model"], "--prompts", _folder["prompts.txt"]);
        Assert.Equal((16, 8 * 16), SizeOf("lcm/samples/0000002.png"));
        Assert.True(File.Exists(_folder["lcm/loss.png"]));
        await CommandLine.SucceedAsync("sample", "--model", _folder["lcm/model"], "--prompt", "a cat", "--output", _folder["cat.png"]);
    }

    [Fact]
    public async Task A_student_has_the_noise_schedule_of_its_teacher()
    {
        var path = _folder["teacher/scheduler/scheduler_config.json"];
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace("0.012", "0.02", StringComparison.Ordinal));
        await Stage("lcm", "distill", "--teacher", _folder["teacher"], "--prompts", _folder["prompts.txt"]);
        var student = SchedulerConfig.Read(_folder["lcm/model/scheduler/scheduler_config.json"]);
        Assert.Equal((SchedulerConfig.Lcm, 0.02), (student.ClassName, student.BetaEnd));
    }

    [Fact]
    public async Task A_student_cannot_start_from_another_architecture()
    {
        var other = TinyModels.Write(_folder["other"], width: 24);
        Assert.Contains("start from a model of the same architecture", await RefusedDistillation("out", "--from", other), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_architecture_that_does_not_fit_the_autoencoder_is_refused_before_anything_is_written()
    {
        await File.WriteAllTextAsync(_folder["architecture/unet.json"], (await File.ReadAllTextAsync(_folder["architecture/unet.json"])).Replace("\"in_channels\": 4", "\"in_channels\": 9", StringComparison.Ordinal));
        var error = await CommandLine.RefusedAsync(
            "pretrain", "teacher", "--vae", _folder["teacher/vae"], "--architecture", _folder["architecture"], "--dataset", _folder["pictures"], "--output", _folder["out"]);
        Assert.Contains("expected the U-Net's in_channels to be 4, the autoencoder's latent_channels, found 9", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("--keep-latents: expected together with --from, found alone", "--keep-latents")]
    [InlineData("--rebalance, --keep-latents: expected one of them, found both", "--keep-latents", "--rebalance", "--from")]
    [InlineData("--variants: expected pictures of a multiple of 8 pixels and a --batch of at least 2, found 16 pixels and 1", "--variants", "--batch", "1", "--from")]
    public async Task Options_of_the_autoencoder_that_do_not_go_together_are_refused(string expected, params string[] options)
    {
        string[] last = options[^1] == "--from" ? [_folder["teacher/vae"]] : [];
        var error = await CommandLine.RefusedAsync(["pretrain", "vae", "--dataset", _folder["pictures"], "--output", _folder["out"], .. options, .. last]);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task Spectra_are_matched_in_whole_blocks_only()
    {
        var file = _folder["architecture/vae.json"];
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"sample_size\": 16", "\"sample_size\": 24", StringComparison.Ordinal));
        var error = await CommandLine.RefusedAsync(
            "pretrain", "vae", "--match-spectrum", "--architecture", _folder["architecture"], "--dataset", _folder["pictures"], "--output", _folder["out"]);
        Assert.StartsWith("--match-spectrum: expected pictures of a multiple of 16 pixels, found 24", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_run_that_is_not_continued_keeps_its_tokenizer()
    {
        string[] teacher = ["pretrain", "teacher", "--vae", _folder["teacher/vae"], "--architecture", _folder["architecture"], "--prompts", _folder["prompts.txt"]];
        await Stage("new", [.. teacher, "--merges", "3"]);
        var merges = File.ReadAllText(_folder["new/tokenizer/merges.txt"]);
        var error = await CommandLine.RefusedAsync([.. teacher, "--merges", "1", "--batch", "4", "--dataset", _folder["pictures"], "--output", _folder["new"], "--resume"]);
        Assert.Contains("--merges was 3, is 1", error, StringComparison.Ordinal);
        Assert.Equal(merges, File.ReadAllText(_folder["new/tokenizer/merges.txt"]));
    }

    [Fact]
    public async Task No_stage_trains_on_pictures_that_are_held_out()
    {
        var lines = File.ReadAllLines(_folder["pictures/metadata.jsonl"]);
        File.WriteAllLines(_folder["pictures/metadata.jsonl"], lines.Select(line => line.Replace("\"group\"", "\"split\":\"test\",\"group\"", StringComparison.Ordinal)));
        string[][] stages =
        [
            ["pretrain", "vae", "--from", _folder["teacher/vae"]], ["pretrain", "teacher", "--vae", _folder["teacher/vae"], "--from", _folder["teacher"]], ["distill", "--teacher", _folder["teacher"]],
        ];
        foreach (var stage in stages)
            Assert.Contains("no picture is left to train on", await CommandLine.RefusedAsync([.. stage, "--dataset", _folder["pictures"], "--output", _folder["out"]]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Latents_that_are_kept_are_those_of_one_autoencoder_also_when_resumed()
    {
        string[] vae = ["pretrain", "vae", "--variants", "--keep-latents", "--from"];
        await Stage("kept", [.. vae, _folder["teacher/vae"]]);
        await Stage("other", ["pretrain", "vae", "--from", _folder["teacher/vae"]]);
        var error = await CommandLine.RefusedAsync([.. vae, _folder["other/model/vae"], "--batch", "4", "--dataset", _folder["pictures"], "--output", _folder["kept"], "--resume"]);
        Assert.Contains("would not go on as it was begun: --from was SHA-256 ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_continued_autoencoder_keeps_its_coordinates_unless_asked_to_balance_them_anew()
    {
        string[] vae = ["pretrain", "vae", "--learning-rate", "1e-9"];
        Assert.Equal(
            "--rebalance: expected together with --from, found alone; leave it out, since an autoencoder that is trained from nothing has no latents yet.",
            await CommandLine.RefusedAsync([.. vae, "--rebalance", "--dataset", _folder["pictures"], "--output", _folder["out"]]));
        await Stage("kept", [.. vae, "--from", _folder["teacher/vae"]]);
        await Stage("anew", [.. vae, "--from", _folder["teacher/vae"], "--rebalance"]);
        Assert.Equal(TinyModels.Vae.ScalingFactor, ScalingFactor("kept/model/vae"));
        Assert.NotEqual(TinyModels.Vae.ScalingFactor, ScalingFactor("anew/model/vae"));

        double ScalingFactor(string folder) => AutoencoderKLConfig.Read(_folder[$"{folder}/config.json"]).ScalingFactor;
    }

    [Fact]
    public async Task A_stage_is_continued_only_when_asked_to()
    {
        string[] arguments = ["pretrain", "vae", "--architecture", _folder["architecture"], "--dataset", _folder["pictures"], "--output", _folder["vae"], "--batch", "4"];
        var (code, output, _) = await CommandLine.RunAsync(null, new CancellationToken(canceled: true), arguments);
        Assert.Equal((ExitCode.Stopped, string.Empty), (code, output));
        Assert.False(Directory.Exists(_folder["vae"]));

        await CommandLine.SucceedAsync([.. arguments, "--images", "8"]);
        Assert.Contains("is not empty", await CommandLine.RefusedAsync(arguments), StringComparison.Ordinal);
        var other = await CommandLine.RefusedAsync([.. arguments, "--resume", "--group-weights", "animals=2", "--from", _folder["teacher/vae"]]);
        Assert.Contains("would not go on as it was begun: --from was nothing, is an autoencoder; --group-weights was nothing, is animals=2; --architecture vae.json was SHA-256 ", other, StringComparison.Ordinal);
        Assert.EndsWith($"Saved {_folder["vae/model"]}.\n", await CommandLine.SucceedAsync([.. arguments, "--images", "16", "--resume"]), StringComparison.Ordinal);
        Assert.Equal(4, File.ReadAllLines(_folder["vae/loss.jsonl"]).Length);
    }

    [Fact]
    public async Task Only_a_stage_is_continued_and_not_one_that_has_lost_its_checkpoints()
    {
        string[] vae = ["pretrain", "vae", "--from", _folder["teacher/vae"], "--dataset", _folder["pictures"], "--batch", "4", "--images", "8"];
        Directory.CreateDirectory(_folder["mine/samples"]);
        File.WriteAllText(_folder["mine/samples/2024.png"], "mine");
        File.WriteAllText(_folder["mine/notes.txt"], "mine");
        Assert.Equal(
            $"--resume: expected a stage that was begun in {_folder["mine"]}, found notes.txt there and no checkpoint; put its checkpoints back, or choose another --output.",
            await CommandLine.RefusedAsync([.. vae, "--output", _folder["mine"], "--resume"]));
        Assert.Equal("mine", File.ReadAllText(_folder["mine/samples/2024.png"]));

        await CommandLine.SucceedAsync([.. vae, "--output", _folder["lost"]]);
        Directory.Delete(_folder["lost/checkpoints"], recursive: true);
        var lines = File.ReadAllText(_folder["lost/loss.jsonl"]);
        Assert.Contains(" there and no checkpoint", await CommandLine.RefusedAsync([.. vae, "--output", _folder["lost"], "--resume"]), StringComparison.Ordinal);
        Assert.Equal(lines, File.ReadAllText(_folder["lost/loss.jsonl"]));
    }

    [Fact]
    public async Task A_folder_in_use_is_not_continued()
    {
        Directory.CreateDirectory(_folder["used"]);
        using var taken = RunLock.Take(_folder["used"]);
        Assert.StartsWith($"The folder {_folder["used"]} is in use by process ", await CommandLine.RefusedAsync("distill", "--teacher", _folder["teacher"], "--dataset", _folder["pictures"], "--output", _folder["used"], "--resume"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tokenizer_without_a_checkpoint_is_learned_anew_and_prompts_and_guidance_are_compared()
    {
        string[] teacher = ["pretrain", "teacher", "--vae", _folder["teacher/vae"], "--architecture", _folder["architecture"], "--prompts", _folder["prompts.txt"], "--merges"];
        Directory.CreateDirectory(_folder["new/tokenizer"]);
        File.WriteAllText(_folder["new/tokenizer/vocab.json"], "of other settings");
        await Stage("new", [.. teacher, "3", "--resume"]);
        Assert.StartsWith("{", File.ReadAllText(_folder["new/tokenizer/vocab.json"]), StringComparison.Ordinal);

        File.AppendAllText(_folder["prompts.txt"], "a fish\n");
        var error = await CommandLine.RefusedAsync([.. teacher, "3", "--guidance", "5", "--batch", "4", "--dataset", _folder["pictures"], "--output", _folder["new"], "--resume"]);
        Assert.Contains("--guidance was 3, is 5; ", error, StringComparison.Ordinal);
        Assert.Contains("--prompts was SHA-256 ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--images", "0", "--images: expected a whole number of at least 1, found 0.")]
    [InlineData("--batch", "0", "--batch: expected a whole number of at least 1, found 0.")]
    [InlineData("--learning-rate", "0", "--learning-rate: expected a number above 0, found 0.")]
    [InlineData("--ema-decay", "1", "--ema-decay: expected a number of at least 0 and below 1, found 1.")]
    [InlineData("--checkpoint-minutes", "0", "--checkpoint-minutes: expected a number above 0 and at most 1e6, found 0.")]
    [InlineData("--threads", "0", "--threads: expected a whole number of at least 1 and at most 1024, found 0.")]
    [InlineData("--threads", "99999999", "--threads: expected a whole number of at least 1 and at most 1024, found 99999999.")]
    [InlineData("--guidance", "0", "--guidance: expected a number of at least 1, which is no guidance, found 0.")]
    [InlineData("--group-weights", "animals", "--group-weights: expected group=number, found animals; write it like animals-nature=6,food-drink=1.")]
    [InlineData("--group-weights", "animals=-1", "--group-weights: expected group=number, found animals=-1; write it like animals-nature=6,food-drink=1.")]
    [InlineData("--group-weights", "animals=1,animals=2", "--group-weights: expected every group once, found animals again; keep one of its weights.")]
    public async Task A_wrong_value_is_refused_before_anything_is_written(string option, string value, string expected)
    {
        Assert.Equal(expected, await RefusedDistillation("out", option, value));
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_group_that_the_pictures_lack_is_refused() =>
        Assert.Contains("holds no group plants; name some of animals", await RefusedDistillation("out", "--group-weights", "plants=1"), StringComparison.Ordinal);

    [Theory]
    [InlineData("prompts.txt/below", "cannot be written")]
    [InlineData("pictures", "is not empty")]
    public async Task An_output_that_cannot_be_used_is_refused(string output, string expected) =>
        Assert.Contains(expected, await RefusedDistillation(output), StringComparison.Ordinal);

    [Fact]
    public async Task Prompts_that_cannot_be_read_are_refused()
    {
        File.WriteAllBytes(_folder["latin1.txt"], [.. "caf"u8, 0xe9]);
        Assert.Contains("is not UTF-8", await RefusedDistillation("out", "--prompts", _folder["latin1.txt"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_tokenizer_that_cannot_be_copied_is_refused_before_the_first_step()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "links need rights on Windows");
        File.CreateSymbolicLink(_folder["teacher/tokenizer/notes.txt"], _folder["prompts.txt"]);
        Assert.Contains("notes.txt is a link out of the tokenizer's folder", await RefusedDistillation("out"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    private Task<string> Stage(string output, params string[] arguments) => CommandLine.SucceedAsync(
        [.. arguments, "--dataset", _folder["pictures"], "--output", _folder[output], "--images", "8", "--batch", "4"]);

    private Task<string> RefusedDistillation(string output, params string[] arguments) => CommandLine.RefusedAsync(
        ["distill", "--teacher", _folder["teacher"], "--dataset", _folder["pictures"], "--output", _folder[output], .. arguments]);

    private (int Height, int Width) SizeOf(string file)
    {
        var picture = PngFile.Read(_folder[file]);
        return (picture.Height, picture.Width);
    }
}

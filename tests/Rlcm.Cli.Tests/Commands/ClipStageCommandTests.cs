using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary><c>rlcm pretrain clip</c> on a few pictures, and the measure of what it makes.</summary>
public sealed class ClipStageCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _clip;

    public ClipStageCommandTests()
    {
        _clip = TinyClip.Write(_folder["clip"]);
        Directory.CreateDirectory(_folder["pictures"]);
        for (var i = 0; i < 6; i++)
            Add($"{i}.png", i % 2 == 0 ? "flat" : "noto", i < 3 ? "cat" : "dog", $"1f60{i}");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_is_made_measured_continued_and_used()
    {
        var output = await Pretrain("new", "--architecture", _clip, "--tokenizer", _clip);
        Assert.Contains($"\nSaved {_folder["new/model"]}.\ndrawings that 'pretrain clip' leaves out, one of each of the 45 animals, that find their caption first: ", output, StringComparison.Ordinal);
        Assert.EndsWith(output.TrimEnd().Split('\n')[^1] + "\n", await CommandLine.SucceedAsync("evaluate", "--model", _folder["new/model"]), StringComparison.Ordinal);
        await Pretrain("finer", "--from", _folder["new/model"]);
        Assert.Contains("--from was a model, is nothing", await Refused("finer", "--architecture", _clip, "--tokenizer", _clip, "--resume"), StringComparison.Ordinal);
        using var reward = StyleReward.Load(_folder["finer/model"], "noto");
    }

    [Fact]
    public async Task Drawings_by_which_it_is_measured_are_left_out()
    {
        var (codepoint, style) = HeldOutDrawings.Of("fox");
        Assert.True(HeldOutDrawings.Contains(new ImageRecord { Codepoint = codepoint, Style = style }));
        File.Delete(_folder["pictures/metadata.jsonl"]);
        Add("fox.png", style, "fox", codepoint);
        Assert.Contains("no picture is left to train on", await Refused("out", "--architecture", _clip, "--tokenizer", _clip), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_learnt_from_is_refused()
    {
        string[] from = ["--from", _clip];
        Assert.StartsWith("--batch, ", await Refused("out", [.. from, "--batch", "3"]), StringComparison.Ordinal);
        Add("strange.png", "cubist", "cat", "1f610");
        Assert.Contains("found none that knows cubist", await Refused("out", from), StringComparison.Ordinal);
        File.AppendAllText(_folder["pictures/metadata.jsonl"], """{"file_name":"plain.png","text":"a cat"}""" + "\n");
        File.Copy(_folder["pictures/0.png"], _folder["pictures/plain.png"]);
        Assert.Contains("expected a label and a style for every picture, found none for plain.png", await Refused("out", from), StringComparison.Ordinal);
        File.Delete(_folder["pictures/metadata.jsonl"]);
        Add("only.png", "flat", "cat", "1f611");
        Assert.Contains("expected pictures of at least two styles, which the head learns to tell apart, found flat alone", await Refused("out", from), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task Options_of_models_that_draw_are_refused_with_one_that_does_not() => Assert.StartsWith(
        "--steps: expected with a text-to-image model, found it with the CLIP model ", await CommandLine.RefusedAsync("evaluate", "--model", _clip, "--steps", "4"), StringComparison.Ordinal);

    private Task<string> Pretrain(string output, params string[] arguments) => CommandLine.SucceedAsync(Command(output, arguments));

    private Task<string> Refused(string output, params string[] arguments) => CommandLine.RefusedAsync(Command(output, arguments));

    private string[] Command(string output, string[] arguments) =>
        ["pretrain", "clip", .. arguments, "--dataset", _folder["pictures"], "--output", _folder[output], "--images", "8", .. arguments.Contains("--batch") ? (string[])[] : ["--batch", "4"]];

    private void Add(string file, string style, string label, string codepoint)
    {
        PngFile.Write(_folder[$"pictures/{file}"], new ImageBatch([.. Enumerable.Range(0, 16 * 16 * 3).Select(k => (byte)(k * (file[0] + 1)))], 1, 16, 16));
        File.AppendAllText(_folder["pictures/metadata.jsonl"], $$"""{"file_name":"{{file}}","text":"a {{style}} {{label}}","label":"{{label}}","style":"{{style}}","codepoint":"{{codepoint}}"}""" + "\n");
    }
}

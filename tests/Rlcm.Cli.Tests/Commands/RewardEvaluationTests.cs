using System.Globalization;
using System.Text.Json;
using Rlcm.Cli.Commands;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Tests.Rewards.Remote;
using TorchSharp;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary><c>rlcm evaluate --rewards</c>.</summary>
public sealed class RewardEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly string _prompts;

    public RewardEvaluationTests()
    {
        _model = TinyModels.Write(_folder["model"]);
        _prompts = _folder["prompts.txt"];
        File.WriteAllText(_prompts, "a flat fox\na noto cat\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rewards_of_the_embedded_model_and_an_adapter_are_compared_and_saved()
    {
        var clip = TinyClip.Write(_folder["clip"]);
        var adapter = Adapter("models/emoji-lcm", "small/adapter", strength: 0.02f);
        var output = await CommandLine.SucceedAsync(
            "evaluate", "--adapter", adapter, "--rewards", "compressibility,clip-score", "--clip-model", clip, "--prompts", _prompts, "--steps", "1,2", "--samples", "2", "--output", _folder["out"]);
        foreach (var title in (string[])["compression (kB)", "clip-score (cosine)", "diversity-pixels (rms)", "diversity-clip (1 - cosine)"])
            Assert.Contains(title, output, StringComparison.Ordinal);
        Assert.Matches(@"│ 2 +│ small +│ +-?\d\.\d+ +│ \[", output);
        Assert.Matches(@"\nsmall at 1 step: compression (rises by|falls by|does not clearly change,) ", output);
        Assert.EndsWith($"Wrote results.json, results.csv, results.md, plot.png and grid.png to {_folder["out"]}.\n", output, StringComparison.Ordinal);

        using var json = JsonDocument.Parse(File.ReadAllText(_folder["out/results.json"]));
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(16, rows.Length); // 2 models, 2 numbers of steps, 4 measures
        Assert.All(rows, row => Assert.InRange(row.GetProperty("mean").GetDouble(), row.GetProperty("low").GetDouble() - 1e-12, row.GetProperty("high").GetDouble() + 1e-12));
        Assert.All(rows, row => Assert.Equal(row.GetProperty("model").GetString() == "untuned", row.GetProperty("change").ValueKind == JsonValueKind.Null));
        Assert.Equal(adapter, Assert.Single(json.RootElement.GetProperty("adapters").EnumerateArray()).GetProperty("path").GetString());

        var lines = File.ReadAllLines(_folder["out/results.csv"]);
        Assert.Equal("model,steps,measure,unit,mean,low,high,change,change_low,change_high,collapsed", lines[0]);
        Assert.Equal(rows.Select(row => row.GetProperty("mean").GetDouble()), lines.Skip(1).Select(line => double.Parse(line.Split(',')[4], CultureInfo.InvariantCulture)));

        var markdown = File.ReadAllText(_folder["out/results.md"]);
        Assert.Contains("2 prompts of " + _prompts + " with 2 pictures each, seed 1", markdown, StringComparison.Ordinal);
        Assert.Equal(4, markdown.Split("\n## ").Length - 1);
        Assert.Equal(16, markdown.Split("\n| 1 |").Length - 1 + markdown.Split("\n| 2 |").Length - 1);
        Assert.Equal((900, 1600), Size("out/plot.png"));
        // 2 groups of 2 columns of 128 pixels, 2 rows
        Assert.Equal((16 + 36 + 4 + 2 * (18 + 128 + 4) + 16, 16 + 4 * 132 + 16 - 4 + 16), Size("out/grid.png"));
    }

    [Fact]
    public async Task The_pictures_are_those_of_sample()
    {
        await CommandLine.SucceedAsync("evaluate", "--model", _model, "--rewards", "compression", "--prompts", _prompts, "--steps", "2", "--samples", "3", "--output", _folder["out"]);
        await CommandLine.SucceedAsync("sample", "--model", _model, "--prompts", _prompts, "--steps", "2", "--count", "3", "--output", _folder["pictures"]);
        var grid = PngFile.Read(_folder["out/grid.png"]);
        foreach (var (row, name) in ((int, string)[])[(0, "0000.png"), (1, "0003.png")])
        {
            var picture = PngFile.Read(_folder[$"pictures/{name}"]); // 16x16, shown eight times as large
            for (var pixel = 0; pixel < 256; pixel++)
            {
                var (x, y) = (16 + 8 * (pixel % 16) + 4, 16 + 36 + 4 + row * 150 + 18 + 8 * (pixel / 16) + 4);
                Assert.Equal(picture.Pixels.AsSpan(3 * pixel, 3), grid.Pixels.AsSpan(3 * (y * grid.Width + x), 3));
            }
        }
    }

    [Fact]
    public async Task An_adapter_that_spoils_the_pictures_is_warned_of()
    {
        File.WriteAllText(_prompts, "a flat fox\n");
        var adapter = Adapter("models/emoji-lcm", "spoilt/adapter", strength: 3);
        var (code, output, error) = await CommandLine.RunAsync(
            "evaluate", "--adapter", adapter, "--rewards", "compression,incompression", "--prompts", _prompts, "--steps", "1", "--samples", "3", "--output", _folder["out"]);
        Assert.Equal(ExitCode.Success, code);
        var warning = Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Matches("^Warning: spoilt at 1 step: (in)?compression fell from .+, below nine of ten untuned pictures: .+; train less or with a higher klCoefficient[.]$", warning);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["out/results.json"]));
        Assert.Equal(warning["Warning: ".Length..], Assert.Single(json.RootElement.GetProperty("warnings").EnumerateArray()).GetString());
        Assert.Contains(warning["Warning: ".Length..], File.ReadAllText(_folder["out/results.md"]), StringComparison.Ordinal);
        Assert.DoesNotContain("Warning", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_are_named_by_the_ends_of_their_paths()
    {
        var (first, second) = (Adapter(_model, "a/adapter", 0.1f), Adapter(_model, "untuned/adapter", 0.2f));
        var output = await CommandLine.SucceedAsync(
            "evaluate", "--model", _model, "--adapter", first, "--adapter", second, "--rewards", "incompression", "--prompts", _prompts, "--steps", "1", "--samples", "1");
        Assert.Matches(@"│ 1 +│ a +│", output);
        Assert.Matches($@"│ 1 +│ {Path.GetFileName(_folder.Path)}/untuned +│", output);
        Assert.DoesNotContain("diversity", output, StringComparison.Ordinal); // of single pictures
    }

    [Fact]
    public async Task Without_an_adapter_the_model_alone_is_measured()
    {
        File.WriteAllText(_prompts, "a cat\n");
        var output = await CommandLine.SucceedAsync("evaluate", "--model", _model, "--rewards", "compression", "--prompts", _prompts, "--steps", "1", "--samples", "1");
        Assert.Matches(@"│ 1 +│ untuned │ -\d\.\d+ │ +│ +│ +│", output); // one picture has no interval
    }

    [Fact]
    public async Task A_stop_leaves_nothing_behind()
    {
        var (code, _, error) = await CommandLine.RunAsync(null, new CancellationToken(canceled: true), "evaluate", "--model", _model, "--rewards", "compression", "--output", _folder["out"]);
        Assert.Equal((ExitCode.Stopped, "Stopped.\n"), (code, error));
        Assert.False(Path.Exists(_folder["out"]));
    }

    [Fact]
    public async Task A_server_is_asked_before_anything_is_drawn_and_a_retry_is_told()
    {
        File.WriteAllText(_prompts, "3\n");
        using var server = new RewardStub();
        server.Enqueue(_ => RewardStub.Response(503, "busy"));
        string[] command = ["evaluate", "--model", _model, "--rewards", "http", "--reward-url", server.Address.ToString(), "--prompts", _prompts, "--steps", "1", "--samples", "3", "--set", "rewardBatch=2"];
        var (code, output, error) = await CommandLine.RunAsync(command);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("http (points)", output, StringComparison.Ordinal);
        Assert.StartsWith($"The reward server {server.Address} ", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal([1, 1, 1, 2], server.Requests.Select(Pictures).Order()); // the grey one twice, then three in batches

        server.Enqueue(_ => RewardStub.Response(401, "who are you?"));
        Assert.StartsWith($"The reward server {server.Address} ", await CommandLine.RefusedAsync([.. command, "--output", _folder["out"]]), StringComparison.Ordinal);
        Assert.Equal(5, server.Requests.Count);
        Assert.False(Path.Exists(_folder["out"]));

        static int Pictures(string body)
        {
            using var request = JsonDocument.Parse(body);
            return request.RootElement.GetProperty("images").GetArrayLength();
        }
    }

    [Theory]
    [InlineData("--rewards compresion", "--rewards: expected one of {tasks}, found compresion; did you mean compression?")]
    [InlineData("--rewards compression,compressibility", "--rewards: expected every value once, found compression again; leave one out.")]
    [InlineData("--rewards compression --steps 1,2,1", "--steps: expected every value once, found 1 again; leave one out.")]
    [InlineData("--rewards compression --steps 0", "--steps: expected a whole number of at least 1, found 0.")]
    [InlineData("--rewards compression --samples 0", "--samples: expected a whole number of at least 1, found 0.")]
    [InlineData("--rewards compression --seeds 2", "--seeds belongs to the measure by a gallery, found it beside --rewards; leave one of them out.")]
    [InlineData("--samples 2", "--samples belongs to the measure by rewards, found it without --rewards; add --rewards or leave it out.")]
    [InlineData("--rewards compression --set bertLayer=9", "--set bertLayer: expected with a reward that uses it, found compression; leave it out, or add the reward to --rewards.")]
    [InlineData("--rewards http --reward-url http://127.0.0.1:9/ --set rewardTimeout=soon", "--set rewardTimeout: expected a number above 0 and at most 86400, found soon.")]
    [InlineData("--rewards compression --set learningRate=1", "--set: expected one of {keys}, found learningRate.")]
    [InlineData("--rewards compression --set rewardTimout=9", "--set: expected one of {keys}, found rewardTimout; did you mean rewardTimeout?")]
    [InlineData("--rewards compression --set 9", "--set 9: expected key=value, such as --set horizon=8.")]
    [InlineData("--set bertLayer=9", "--set belongs to the measure by rewards, found it without --rewards; add --rewards or leave it out.")]
    [InlineData("--clip-model x", "--clip-model belongs to the measure by rewards, found it without --rewards; add --rewards or leave it out.")]
    [InlineData("--adapter x --adapter y", "--adapter: expected one where --rewards is not given, found 2; leave the others out, or add the rewards by which they are to be compared.")]
    [InlineData("--rewards compression --adapter x --adapter ./x", "--adapter: expected every value once, found {cwd}/x again; leave one out.")]
    [InlineData("--rewards clip-score", "--rewards: clipModel: task clip-score needs a CLIP model; download openai/clip-vit-base-patch32 or another from the Hugging Face Hub and set clipModel (--clip-model) to its folder.")]
    public async Task A_mistake_is_one_sentence(string arguments, string message) =>
        Assert.Equal(
            message.Replace("{cwd}", Directory.GetCurrentDirectory(), StringComparison.Ordinal).Replace("{keys}", string.Join(", ", Keys), StringComparison.Ordinal).Replace("{tasks}", string.Join(", ", RewardFactory.Tasks), StringComparison.Ordinal),
            await CommandLine.RefusedAsync(["evaluate", "--model", _model, "--output", _folder["out"], .. arguments.Split(' ')]));

    [Fact]
    public async Task What_is_no_number_of_steps_is_refused()
    {
        var (code, _, error) = await CommandLine.RunAsync("evaluate", "--rewards", "compression", "--steps", "1,two");
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith("--steps: expected whole numbers, found two.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_is_checked_before_the_first_picture()
    {
        var adapter = Adapter(_model, "a/adapter", 0.1f);
        string[] command = ["evaluate", "--model", _model, "--rewards", "compression", "--prompts", _prompts];
        Assert.Contains(_folder["gone"], await CommandLine.RefusedAsync([.. command, "--adapter", adapter, "--adapter", _folder["gone"]]), StringComparison.Ordinal);
        Assert.Contains("found 51", await CommandLine.RefusedAsync([.. command, "--steps", "1,51"]), StringComparison.Ordinal);
        Assert.Contains("is not empty", await CommandLine.RefusedAsync([.. command, "--output", _folder["a"]]), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Keys => [.. RewardOptions.Create().Select(option => option.Key), .. RewardOptions.OtherKeys];

    private (int Height, int Width) Size(string file)
    {
        var picture = PngFile.Read(_folder[file]);
        return (picture.Height, picture.Width);
    }

    /// <summary>An adapter that changes all weights of attention by chance.</summary>
    private string Adapter(string model, string name, float strength)
    {
        using var loaded = TextToImageModel.Load(ShippedFiles.Require(model, "the model"));
        using var adapters = LoraAdapters.Create(loaded.Unet, ["to_q", "to_k", "to_v", "to_out.0"], rank: 2, alpha: 2, seed: 1);
        using (torch.no_grad())
        {
            foreach (var item in adapters.Items)
                item.B.fill_(strength);
        }

        PeftAdapter.Save(adapters, _folder[name], new());
        return _folder[name];
    }
}

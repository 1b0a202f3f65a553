using System.Text.Json;
using Rlcm.Imaging;
using Rlcm.Runtime;
using Rlcm.Tests;
using Rlcm.Tests.Models.Hub;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>Models by their names on the Hub, which here is a stub.</summary>
public sealed class DownloadProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HubStub _hub;

    public DownloadProcessTests() => _hub = new(TinyModels.Write(_folder["hub"]));

    private Dictionary<string, string> Environment => new(StringComparer.Ordinal) { ["HF_ENDPOINT"] = _hub.Endpoint, ["HF_HUB_CACHE"] = _folder["cache"], ["HF_TOKEN"] = "hf_secret" };

    public void Dispose()
    {
        _hub.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_model_is_fetched_once_and_drawn_with()
    {
        string[] sample = ["sample", "--model", HubStub.Repository, "--prompt", "a cat", "--output", _folder["cat.png"]];
        var (code, output, error) = await RlcmProcess.RunAsync(Environment, [.. sample, "--download"]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.StartsWith("download generation_config.json  0.00/0.00 GB  ", output[0], StringComparison.Ordinal);
        Assert.StartsWith("download text_encoder/model.safetensors  ", output[^2], StringComparison.Ordinal);
        Assert.Equal(3, output.Length);
        Assert.Equal($"Wrote 1 picture to {_folder["cat.png"]}.", output[^1]);
        Assert.DoesNotContain(output, line => line.Contains("hf_secret", StringComparison.Ordinal));

        _hub.Requests.Clear();
        File.Delete(_folder["cat.png"]);
        foreach (var again in (string[][])[sample, [.. sample, "--download"]])
        {
            (code, output, error) = await RlcmProcess.RunAsync(Environment, again);
            Assert.Equal((0, string.Empty), (code, error));
            Assert.Equal([$"Wrote 1 picture to {_folder["cat.png"]}."], output);
        }

        Assert.Empty(_hub.Requests);
        Assert.Equal(16, PngFile.Read(_folder["cat.png"]).Width);
    }

    [Theory]
    [InlineData("sample --prompt cat --output")]
    [InlineData("evaluate --output")]
    [InlineData("train --output")]
    public async Task Without_download_nothing_is_asked_of_the_network(string command)
    {
        var (code, _, error) = await RlcmProcess.RunAsync(Environment, [.. command.Split(' '), _folder["out.png"], "--model", HubStub.Repository]);
        Assert.Equal(ExitCode.UserError, code);
        Assert.StartsWith("Cannot find the model tiny/model: there is no such folder from ", error, StringComparison.Ordinal);
        Assert.Contains($"the Hugging Face cache has no {_folder["cache/models--tiny--model"]} with the revision main; add --download to fetch it", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(_hub.Requests);
        Assert.False(Path.Exists(_folder["out.png"]) || Path.Exists(_folder["cache"]));
    }

    [Fact]
    public async Task The_model_of_a_preset_is_fetched_and_recorded_by_its_name()
    {
        File.WriteAllText(_folder["preset.json"], """
            {
              "model": "tiny/model", "updates": 1, "imagesPerUpdate": 8, "samplingBatch": 8, "microBatch": 8, "horizon": 2, "originSteps": 2, "grid": "diffusers",
              "evaluateEvery": 100, "prompts": "configs/prompts/quick.txt",
            }
            """);
        var (code, _, error) = await RlcmProcess.RunAsync(Environment, "train", "--config", _folder["preset.json"], "--download", "--output", _folder["run"], "--threads", "1");
        Assert.Equal((0, string.Empty), (code, error));
        var run = RunFolder.Open(_folder["run"]);
        Assert.Equal(HubStub.Repository, Json(run.Config, "model"));
        Assert.Equal(HubStub.Repository, Json(Path.Combine(run.Adapter, "adapter_config.json"), "base_model_name_or_path"));

        _hub.Requests.Clear();
        (code, var output, error) = await RlcmProcess.RunAsync(Environment, "train", "--resume", run.Path, "--updates", "2", "--download", "--quiet");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Empty(output);
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public async Task What_was_fetched_before_a_stop_is_kept()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no kill");
        _hub.Answer = request => request.Path.EndsWith("unet/config.json", StringComparison.Ordinal) ? new(503, []) { Headers = ["Retry-After: 60"] } : _hub.Usual(request);
        using var sample = RlcmProcess.Start(Environment, "sample", "--model", HubStub.Repository, "--download", "--prompt", "a cat", "--output", _folder["cat.png"]);
        Assert.Equal($"download: {_hub.Endpoint} answers HTTP 503 Status; next try in 60 s", await sample.LineAsync("download: "));
        sample.Interrupt();
        var (code, _, error) = await sample.EndAsync();
        Assert.Equal(ExitCode.Stopped, code);
        Assert.EndsWith("Stopped.\n", error, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(_folder["cache/models--tiny--model/blobs"]));
        Assert.False(Path.Exists(_folder["cache/models--tiny--model/refs"]) || Path.Exists(_folder["cat.png"]));
    }

    private static string? Json(string path, string key) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty(key).GetString();
}

using Rlcm.Runtime;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Processes;

/// <summary>A run of three updates by the built program, on a tiny model that draws 64x64 pictures; shared by the tests of its files.</summary>
public sealed class TrainedRun : IAsyncLifetime
{
    /// <summary>What the variables for keys hold while it runs.</summary>
    public const string Secret = "hf_planted-4711";

    private readonly TemporaryFolder _folder = new();

    /// <summary>The model that is tuned. It ships no gallery: recognition would take a minute.</summary>
    public string Model { get; private set; } = "";

    /// <summary>The run's folder.</summary>
    public RunFolder Run { get; private set; } = null!;

    /// <summary>The program's exit code.</summary>
    public int Code { get; private set; }

    /// <summary>Lines of standard output.</summary>
    public IReadOnlyList<string> Output { get; private set; } = [];

    /// <summary>Standard error.</summary>
    public string Error { get; private set; } = "";

    /// <summary>A path beside the run.</summary>
    public string this[string name] => _folder[name];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Model = TinyModels.Write(_folder["model"]);
        string[] small = ["height=64", "width=64", "imagesPerUpdate=64", "groupSize=4", "minibatches=2", "microBatch=32", "samplingBatch=64", "evaluateEvery=2", "checkpointEvery=2"];
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["HF_TOKEN"] = Secret, ["RLCM_REWARD_KEY"] = Secret, ["RLCM_API_KEY"] = Secret };
        (Code, var output, Error) = await RlcmProcess.RunAsync(
            secrets, ["train", "--model", Model, "--output", _folder["run"], "--updates", "3", "--seed", "7", "--threads", "1", .. small.SelectMany(value => (string[])["--set", value])]);
        Output = output;
        Run = RunFolder.Open(_folder["run"]);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

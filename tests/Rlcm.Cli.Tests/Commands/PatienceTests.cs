using Rlcm.Models.Lora;
using Rlcm.Tests;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

/// <summary>A run that ends before its updates are done, since its evaluations rise no more.</summary>
public sealed class PatienceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_that_has_ended_is_finished_until_it_goes_back_to_an_earlier_checkpoint_where_it_can_end_too()
    {
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts);
        string[] keys =
        [
            "patience=2", "evaluateEvery=1", "learningRate=1e-12", "imagesPerUpdate=4", "samplingBatch=4", "groupSize=2", "minibatches=1", "microBatch=4", "originSteps=2", "horizon=2",
            "keepLast=9", $"evaluationPrompts={_folder["prompts.txt"]}",
        ];
        var output = await CommandLine.SucceedAsync([
            "train", "--model", TinyModels.Write(_folder["model"]), "--prompts", _folder["prompts.txt"], "--updates", "6", "--output", _folder["run"], .. keys.SelectMany(key => (string[])["--set", key])]);
        Assert.Contains("ended by patience after update 2 of 6: ", output, StringComparison.Ordinal);
        var finished = $"The run {_folder["run"]} is finished, after update 2. Its adapter is {_folder["run/adapter"]}; --set patience=null continues it.\n";
        Assert.Equal(finished, await CommandLine.SucceedAsync("train", "--resume", _folder["run"]));

        output = await CommandLine.SucceedAsync("train", "--resume", _folder["run"], "--checkpoint", "1");
        Assert.Contains("continuing after update 1\n", output, StringComparison.Ordinal);
        Assert.Contains("ended by patience after update 2 of 6: ", output, StringComparison.Ordinal);
        Assert.Equal(finished, await CommandLine.SucceedAsync("train", "--resume", _folder["run"]));

        Assert.Equal(2, AdapterProvenance.Read(_folder["run/adapter"]).Updates);
        output = await CommandLine.SucceedAsync("train", "--resume", _folder["run"], "--checkpoint", "1", "--updates", "1");
        Assert.Contains($"Adapter: {_folder["run/adapter"]}\n", output, StringComparison.Ordinal);
        Assert.Equal(1, AdapterProvenance.Read(_folder["run/adapter"]).Updates);
        Assert.Equal([0, 1], MetricsFile.Read(_folder["run/metrics.jsonl"]).Evaluations.Select(line => line.Update));
        Assert.Single(MetricsFile.Read(_folder["run/metrics.jsonl"]).Updates);
    }
}

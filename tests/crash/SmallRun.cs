using Rlcm.Tests;

namespace Rlcm.CrashTests;

/// <summary>A run of some updates on a model of a few thousand weights, as users start and continue it; it does everything that a large one does.</summary>
internal sealed class SmallRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SmallRun()
    {
        TinyModels.Write(_folder["model"]);
        TinyModels.Write(_folder["wide"], width: 64);
        File.WriteAllLines(_folder["prompts.txt"], TinyModels.Prompts[..2]);
    }

    /// <summary>A path beside the runs.</summary>
    public string this[string name] => _folder[name];

    public void Dispose() => _folder.Dispose();

    /// <summary>The arguments that begin the run in the folder <paramref name="name"/>, or, if one was begun there, continue it.</summary>
    public string[] BeginOrContinue(string name, bool wholeUnet = false) =>
        File.Exists(Path.Combine(_folder[name], "config.json")) ? ["train", "--resume", _folder[name]] : wholeUnet ? [.. Begin(name), "--set", "trainedWeights=unet", "--set", "learningRate=0.001"] : Begin(name);

    /// <summary>The arguments that begin the run.</summary>
    public string[] Begin(string name, int threads = 1, int updates = 3, string model = "model")
    {
        string[] keys =
        [
            "imagesPerUpdate=2", "samplingBatch=2", "microBatch=2", "minibatches=1", "innerEpochs=1", "originSteps=2", "horizon=2", "loraRank=2", "loraTargets=to_q,to_v", "learningRate=0.01",
            "advantage=perPrompt", "groupNoise=own", "evaluateEvery=2", "checkpointEvery=1", "keepLast=1", "keepBest=1", $"evaluationPrompts={_folder["prompts.txt"]}",
        ];
        return
        [
            "train", "--task", "incompression", "--model", _folder[model], "--prompts", _folder["prompts.txt"], "--updates", $"{updates}", "--threads", $"{threads}", "--output", _folder[name],
            .. keys.SelectMany(key => (string[])["--set", key]),
        ];
    }
}

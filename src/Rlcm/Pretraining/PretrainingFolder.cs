using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Imaging;

namespace Rlcm.Pretraining;

/// <summary>The output folder of a stage: <c>loss.jsonl</c>, <c>samples/NNNNNNN.png</c>, <c>checkpoints/</c> and <c>model/</c>, the averaged weights.</summary>
public sealed class PretrainingFolder
{
    private const int SampleColumns = 8;
    private readonly List<string> _pendingLosses = [];

    /// <summary>Opens or creates the folder.</summary>
    public PretrainingFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(SamplesPath);
        Checkpoints = new CheckpointStore(System.IO.Path.Combine(path, "checkpoints"), keepLast: 2);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>One JSON object per step: step, loss, learning rate.</summary>
    public string LossPath => System.IO.Path.Combine(Path, "loss.jsonl");

    /// <summary>The model as saved last.</summary>
    public string ModelPath => System.IO.Path.Combine(Path, "model");

    /// <summary>Pictures drawn on the way.</summary>
    public string SamplesPath => System.IO.Path.Combine(Path, "samples");

    /// <summary>What the stage resumes from.</summary>
    public CheckpointStore Checkpoints { get; }

    internal void RecordLoss(long step, double loss, double learningRate) =>
        _pendingLosses.Add(JsonSerializer.Serialize(new { step, loss, learning_rate = learningRate }));

    internal void FlushLosses()
    {
        File.AppendAllLines(LossPath, _pendingLosses);
        _pendingLosses.Clear();
    }

    internal void WriteSamples(long step, ImageBatch images) =>
        PngFile.Write(System.IO.Path.Combine(SamplesPath, $"{step:D7}.png"), ImageGrid.Compose(images, SampleColumns));
}

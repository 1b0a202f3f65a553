using Rlcm.Checkpoints;
using Rlcm.Imaging;

namespace Rlcm.Pretraining;

/// <summary>The output folder of a stage: <c>loss.jsonl</c>, <c>samples/NNNNNNN.png</c>, <c>checkpoints/</c> and <c>model/</c>, the averaged weights.</summary>
public sealed class PretrainingFolder
{
    private const int SampleColumns = 8;

    /// <summary>Opens or creates the folder.</summary>
    public PretrainingFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(SamplesPath);
        Losses = new LossLog(LossPath);
        Checkpoints = new CheckpointStore(System.IO.Path.Combine(path, "checkpoints"), keepLast: 2);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>One JSON object per step: step, loss, learning rate.</summary>
    public string LossPath => System.IO.Path.Combine(Path, "loss.jsonl");

    /// <summary>What is in <see cref="LossPath"/>.</summary>
    public LossLog Losses { get; }

    /// <summary>The model as saved last.</summary>
    public string ModelPath => System.IO.Path.Combine(Path, "model");

    /// <summary>Pictures drawn on the way.</summary>
    public string SamplesPath => System.IO.Path.Combine(Path, "samples");

    /// <summary>What the stage resumes from.</summary>
    public CheckpointStore Checkpoints { get; }

    internal void WriteSamples(long step, ImageBatch images) =>
        PngFile.Write(System.IO.Path.Combine(SamplesPath, $"{step:D7}.png"), ImageGrid.Compose(images, SampleColumns));
}

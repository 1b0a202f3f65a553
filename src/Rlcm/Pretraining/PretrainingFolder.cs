using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>The output folder of a stage: <c>loss.jsonl</c>, <c>samples/NNNNNNN.png</c>, <c>checkpoints/</c> and <c>model/</c>, the averaged weights.</summary>
public sealed class PretrainingFolder
{
    private const int SampleColumns = 8;
    private const string CheckpointsName = "checkpoints";

    /// <summary>Opens or creates the folder.</summary>
    public PretrainingFolder(string path)
    {
        Path = path;
        FileChanges.MakeFolder(SamplesPath);
        Losses = new LossLog(LossPath);
        Checkpoints = new CheckpointStore(System.IO.Path.Combine(path, CheckpointsName), keepLast: 2);
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

    /// <summary>Tidies up after a process that was killed while it wrote; only for the one that has the folder's lock.</summary>
    internal void CleanUp()
    {
        foreach (var folder in (string[])[Path, SamplesPath, System.IO.Path.Combine(Path, CheckpointsName)])
            Leftovers.CleanUp(folder);
    }

    /// <summary>Drops losses and samples of steps after <paramref name="step"/>, which will be done again.</summary>
    internal void ContinueAfter(long step)
    {
        Losses.ContinueAfter(step);
        NumberedFiles.DropAfter(SamplesPath, step);
    }

    internal void WriteSamples(long step, ImageBatch images) =>
        PngFile.Write(System.IO.Path.Combine(SamplesPath, $"{step:D7}.png"), ImageGrid.Compose(images, SampleColumns));
}

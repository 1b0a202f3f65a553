using Rlcm.Checkpoints;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>The output folder of a stage: <c>loss.jsonl</c>, <c>samples/NNNNNNN.png</c>, <c>checkpoints/</c> and <c>model/</c>, the averaged weights.</summary>
public sealed class PretrainingFolder
{
    private const int SampleColumns = 8;
    private const string CheckpointsName = "checkpoints";
    private const string SamplesName = "samples";
    private const string LossName = "loss.jsonl";
    private const string TokenizerName = "tokenizer";

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
    public string LossPath => System.IO.Path.Combine(Path, LossName);

    /// <summary>What is in <see cref="LossPath"/>.</summary>
    public LossLog Losses { get; }

    /// <summary>The tokenizer that a stage has learned, where it does.</summary>
    public static string TokenizerPath(string path) => System.IO.Path.Combine(path, TokenizerName);

    /// <summary>The model as saved last.</summary>
    public string ModelPath => System.IO.Path.Combine(Path, "model");

    /// <summary>Pictures drawn on the way.</summary>
    public string SamplesPath => System.IO.Path.Combine(Path, SamplesName);

    /// <summary>What the stage resumes from.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>Whether the folder <paramref name="path"/> holds a checkpoint, whole or not.</summary>
    public static bool HasCheckpoint(string path) => new CheckpointStore(System.IO.Path.Combine(path, CheckpointsName)).Newest is not null;

    /// <summary>
    /// Makes sure that the folder <paramref name="path"/> is that of a stage, which with a checkpoint holds anything, and without one only what
    /// a stage leaves that ends before its first: its model is older, or someone else's.
    /// </summary>
    /// <exception cref="UserErrorException">It is not, or in use.</exception>
    public static void RequireContinuable(string path)
    {
        if (!Directory.Exists(path))
            throw new UserErrorException($"--resume: expected the folder of a run that was begun, found nothing at {path}; check --output, or leave --resume out.");
        if (RunLock.HolderOf(path) is { } holder)
            throw RunLock.InUse(path, holder);
        if (HasCheckpoint(path))
            return;
        string[] own = [SamplesName, CheckpointsName, LossName, TokenizerName, .. RunLock.FileNames];
        if (Directory.EnumerateFileSystemEntries(path).FirstOrDefault(entry => !own.Contains(System.IO.Path.GetFileName(entry)) && !Leftovers.Is(entry)) is { } other)
            throw new UserErrorException($"--resume: expected a stage that was begun in {path}, found {System.IO.Path.GetFileName(other)} there and no checkpoint; put its checkpoints back, or choose another --output.");
    }

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

using System.Globalization;

namespace Rlcm.Runtime;

/// <summary>The folder that holds everything about one training run, and the names of what is in it.</summary>
public sealed class RunFolder
{
    /// <summary>The file that makes a folder that of a run.</summary>
    internal const string ConfigName = "config.json";

    private const string ImagesName = "images";
    private const string PlotsName = "plots";
    private const string EventsName = "tensorboard";
    private const string CheckpointsName = "checkpoints";

    private RunFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>The configuration, every key stated; works as <c>--config</c>.</summary>
    public string Config => In(ConfigName);

    /// <summary>Versions, hashes, seed and hardware.</summary>
    public string Manifest => In("manifest.json");

    /// <summary>A line for each update and evaluation.</summary>
    public string Metrics => In("metrics.jsonl");

    /// <summary>Figures before and after the run.</summary>
    public string Evaluation => In("evaluation.json");

    /// <summary>Figures of the untuned model, as soon as they are there.</summary>
    public string EvaluationBefore => In("evaluation-before.json");

    /// <summary>Pictures of the evaluations.</summary>
    public string Images => In(ImagesName);

    /// <summary>Pictures before and after, side by side; the last file that a run writes.</summary>
    public string Comparison => System.IO.Path.Combine(Images, "comparison.png");

    /// <summary>Curves for people.</summary>
    public string Plots => In(PlotsName);

    /// <summary>TensorBoard's event files.</summary>
    public string Events => In(EventsName);

    /// <summary>Folders NNNNNN, one for each checkpoint.</summary>
    public string Checkpoints => In(CheckpointsName);

    /// <summary>The final adapter in PEFT layout, where adapters are trained.</summary>
    public string Adapter => In("adapter");

    /// <summary>The final model in diffusers layout, where the whole U-Net is trained.</summary>
    public string Model => In("model");

    /// <summary>The adapter or model with the highest evaluation reward so far, in the same layout.</summary>
    public string Best => In("best");

    /// <summary>Names of the folders inside it that are there from the start.</summary>
    internal static IReadOnlyList<string> Subfolders { get; } = [ImagesName, PlotsName, EventsName, CheckpointsName];

    /// <summary><c>runs/TASK-TIME</c>, the time being UTC to the second.</summary>
    public static string DefaultPath(string task, TimeProvider time) =>
        System.IO.Path.Combine("runs", $"{task}-{time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");

    /// <summary>Makes the folder and those inside it.</summary>
    /// <exception cref="UserErrorException">As <see cref="OutputPath.CheckFolder"/>.</exception>
    public static RunFolder Create(string path)
    {
        OutputPath.CheckFolder(path);
        var run = new RunFolder(path);
        run.MakeSubfolders();
        return run;
    }

    /// <summary>The folder of an earlier run.</summary>
    /// <exception cref="UserErrorException">It is not there or holds no run.</exception>
    public static RunFolder Open(string path)
    {
        if (path.Length == 0)
            throw new UserErrorException("The run is an empty text, expected its folder; check the path.");
        var run = new RunFolder(path);
        if (File.Exists(run.Config))
            return run;
        throw new UserErrorException(
            Directory.Exists(run.Path) ? $"The folder {run.Path} holds no run, expected the file config.json in it; check the path."
            : $"{(File.Exists(run.Path) ? $"{run.Path} is a file" : $"There is nothing at {run.Path}")}, expected the folder of a run; check the path.");
    }

    /// <summary>Tidies up after a process that was killed while it wrote, and makes folders that copying has lost since they were empty; only for the one that has the lock.</summary>
    internal void CleanUp()
    {
        foreach (var folder in (string[])[Path, .. Subfolders.Select(In)])
            Leftovers.CleanUp(folder);
        MakeSubfolders();
    }

    private void MakeSubfolders()
    {
        foreach (var name in Subfolders)
            FileChanges.MakeFolder(In(name));
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}

using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>How far a run of a study is.</summary>
internal enum RunState
{
    /// <summary>Not begun.</summary>
    Open,

    /// <summary>Begun, by this process or another, or stopped.</summary>
    UnderWay,

    /// <summary>Finished; it is never run again.</summary>
    Done,
}

/// <summary>What makes a folder that of one study: the content of <c>study.json</c>.</summary>
/// <param name="Study">The name of the definition.</param>
/// <param name="Definition">Its version.</param>
/// <param name="Set">What was changed in all runs, <c>key=value</c> each.</param>
internal sealed record StudyIdentity(string Study, int Definition, IReadOnlyList<string> Set);

/// <summary>The folder of a study: a folder for each run, what was measured of them, and the report.</summary>
internal sealed class StudyFolder
{
    private const string DiscussionName = "discussion.md";
    private const string LocksName = "locks";
    private static readonly string[] OfNoNumber = ["checkpointEvery", "keepLast", "keepBest"];

    private readonly string _path;

    private StudyFolder(string path) => _path = Path.GetFullPath(path);

    /// <summary>The folder, absolute.</summary>
    public string FullPath => _path;

    /// <summary>Seconds of a U-Net evaluation in every arm.</summary>
    public string Rates => In("rates.json");

    /// <summary>The report, unless another place is asked for.</summary>
    public string Report => In("report.md");

    /// <summary>What people say about the results, taken into the report where it is there.</summary>
    public string Discussion => In(DiscussionName);

    /// <summary>The plots of the report.</summary>
    public string Plots => In("plots");

    private string Identity => In("study.json");

    /// <summary>Looks at the folder of <paramref name="identity"/>, which may not be there yet.</summary>
    /// <exception cref="UserErrorException">It is that of another study, or of none.</exception>
    public static StudyFolder Open(string path, StudyIdentity identity)
    {
        if (path.Length == 0)
            OutputPath.CheckFolder(path);
        var folder = new StudyFolder(path);
        if (!File.Exists(folder.Identity))
        {
            if (!Directory.Exists(path) || Directory.EnumerateFileSystemEntries(path).Any(entry => Path.GetFileName(entry) != DiscussionName))
                OutputPath.CheckFolder(path);
            return folder;
        }

        var found = StrictJsonFile.Read<StudyIdentity>(folder.Identity, "restore the file, or choose another --output");
        if (found.Study == identity.Study && found.Definition == identity.Definition && found.Set.SequenceEqual(identity.Set))
            return folder;
        throw new UserErrorException($"The folder {folder._path} holds the study {Describe(found)}, expected {Describe(identity)}; ask for that one, or choose another --output.");
    }

    /// <summary>Writes down which study the folder is of.</summary>
    public void Begin(StudyIdentity identity)
    {
        Directory.CreateDirectory(In("runs"));
        if (!File.Exists(Identity))
            StrictJsonFile.Write(Identity, identity);
    }

    /// <summary>Where a run is made and kept.</summary>
    public string Run(string name) => Path.Combine(_path, "runs", name);

    /// <summary>A file of what was measured of models by a part, such as <c>inference</c>.</summary>
    public string Measured(string kind, string name) => Path.Combine(_path, kind, $"{name}.json");

    /// <summary>Deletes what was measured of an earlier model of <paramref name="run"/>, which is to be made anew.</summary>
    public void Forget(StudyRun run)
    {
        foreach (var (part, kind) in ((string, string)[])[(StudyPart.Main, StudyPart.Inference), (StudyPart.Generalization, StudyPart.Generalization)])
        {
            if (run.Parts.Contains(part) && Measured(kind, run.MeasuredName) is var file && File.Exists(file))
                File.Delete(file);
        }
    }

    /// <summary>How far the run <paramref name="name"/> is.</summary>
    public RunState State(string name) =>
        FinishedRun.IsTrimmed(Run(name)) ? RunState.Done : File.Exists(Path.Combine(Run(name), "config.json")) ? RunState.UnderWay : RunState.Open;

    /// <summary>Makes sure that a finished run is what the study now says, so that nothing else is reported under its name.</summary>
    /// <exception cref="UserErrorException">It was made with other settings, or is not whole any more.</exception>
    public void RequireAsDefined(StudyRun run, IReadOnlyList<string> changes)
    {
        if (State(run.Name) != RunState.Done)
            return;
        var kept = RunFolder.Open(Run(run.Name));
        var made = TrainConfigReader.ToSettings(TrainConfigReader.ReadRun(kept.Config, [], []));
        var defined = TrainConfigReader.ToSettings(run.Config(changes));
        if (defined.FirstOrDefault(setting => !OfNoNumber.Contains(setting.Key) && made.GetValueOrDefault(setting.Key) != setting.Value) is { Key: { } key } different)
            throw new UserErrorException($"The run {Run(run.Name)} was made with {key} {made.GetValueOrDefault(key)}, expected {different.Value} as the study now says; remove its folder, so that it is made again.");
        RequireWhole(kept, run.Config(changes));
    }

    /// <summary>A finished run has used its budget up, or its patience.</summary>
    private static void RequireWhole(RunFolder run, TrainConfig config)
    {
        var evaluations = File.Exists(run.Metrics) ? MetricsFile.Read(run.Metrics).Evaluations : [];
        var end = evaluations.Count > 0 ? evaluations[^1].Update : 0;
        if (end < config.Updates && !Plateau.IsReached(evaluations, config.Patience))
            throw new UserErrorException($"The run {run.Path} is finished, but its metrics.jsonl ends with the evaluation after update {end}, expected {config.Updates}; restore the file, or remove the run's folder, so that it is made again.");
    }

    /// <summary>Holds the work called <paramref name="name"/> for this process; null where another one has it.</summary>
    public RunLock? TryTake(string name)
    {
        var folder = LockOf(name);
        Directory.CreateDirectory(folder);
        return RunLock.HolderOf(folder) is null ? Taken(folder) : null;
    }

    /// <summary>Whether some process is at the work called <paramref name="name"/>.</summary>
    public bool IsTaken(string name) => RunLock.HolderOf(LockOf(name)) is not null || RunLock.HolderOf(Run(name)) is not null;

    /// <summary>Deletes what locks leave, where no process is at work.</summary>
    public void CleanUp(IEnumerable<string> works)
    {
        if (Directory.Exists(In(LocksName)) && !works.Any(IsTaken))
            Directory.Delete(In(LocksName), recursive: true);
    }

    /// <summary>Another process may have been faster since somebody looked, or have cleaned up.</summary>
    private static RunLock? Taken(string folder)
    {
        try
        {
            return RunLock.Take(folder);
        }
        catch (UserErrorException) when (RunLock.HolderOf(folder) is not null)
        {
            return null;
        }
        catch (UserErrorException) when (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            return RunLock.Take(folder);
        }
    }

    private static string Describe(StudyIdentity identity) =>
        $"{identity.Study} of version {identity.Definition}{(identity.Set.Count == 0 ? "" : $" with {string.Join(' ', identity.Set.Select(set => $"--set {set}"))}")}";

    private string LockOf(string name) => Path.Combine(_path, LocksName, name);

    private string In(string name) => Path.Combine(_path, name);
}

using Rlcm.Checkpoints;
using Rlcm.Models.Lora;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The folder of a run while it is being worked on: locked, with all that says what the run is, and the checkpoint to go on from.</summary>
public sealed class TrainingRun : IDisposable
{
    private readonly RunLock _lock;
    private readonly TrainConfig _config;
    private readonly RunManifest _manifest;
    private bool _keepsFigures = true; // those of the untuned model
    private bool _isStarted;

    private TrainingRun(RunFolder folder, RunLock taken, TrainConfig config, RunManifest manifest, RunIdentity identity, LoadedCheckpoint? checkpoint) =>
        (Folder, _lock, _config, _manifest, Identity, Checkpoint) = (folder, taken, config, manifest, identity, checkpoint);

    /// <summary>The folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the run's numbers depend on.</summary>
    public RunIdentity Identity { get; }

    /// <summary>The checkpoint to go on from; null at the start. Whoever has taken what it holds disposes it.</summary>
    public LoadedCheckpoint? Checkpoint { get; }

    /// <summary>What the user gave up by going on in spite of a change, a sentence; null: nothing.</summary>
    public string? GivenUp { get; private init; }

    /// <summary>Begins a run in a new folder.</summary>
    /// <param name="path">The folder; new or empty.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="commandLine">The arguments of the program, for the manifest.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">The folder is not empty, cannot be written or is in use; or a file that the configuration names is not there.</exception>
    public static TrainingRun Begin(string path, TrainConfig config, IReadOnlyList<string> commandLine, TimeProvider time)
    {
        var (identity, files) = Identify(config);
        var folder = RunFolder.Create(path);
        var taken = RunLock.Take(folder.Path);
        try
        {
            OutputPath.CheckFolder(path); // nobody else began one here in between
            folder.CleanUp();
            var run = new TrainingRun(folder, taken, config, RunManifest.Gather(files, config.Seed, commandLine, time), identity, checkpoint: null);
            run.Start();
            return run;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with an earlier run. Nothing of it is changed before <see cref="Start"/>, but what a killed process left is tidied up.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="config">The run's configuration as it is to go on.</param>
    /// <param name="request">From where, and whether changes are forced.</param>
    /// <param name="commandLine">The arguments of the program, for the manifest.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">There is no run, it is in use, its checkpoint is damaged, or it would not go on as it was begun.</exception>
    public static TrainingRun Continue(string path, TrainConfig config, ResumeRequest request, IReadOnlyList<string> commandLine, TimeProvider time)
    {
        var folder = RunFolder.Open(path);
        if (FinishedRun.IsTrimmed(path))
            throw new UserErrorException($"The run in {folder.Path} is finished and was made small, expected checkpoints to go on from, found none; begin a new run with --config {folder.Config}.");
        var taken = RunLock.Take(folder.Path);
        LoadedCheckpoint? checkpoint = null;
        try
        {
            folder.CleanUp();
            var store = new CheckpointStore(folder.Checkpoints);
            checkpoint = request.Checkpoint is { } number ? store.Load(number) : store.Latest();
            if (checkpoint is null && HasHadCheckpoints(folder))
                throw new UserErrorException(LostCheckpoints(folder));
            var (identity, files) = Identify(config);
            var givenUp = checkpoint is null ? null : request.Decide(folder.Path, Differences(folder, checkpoint, config, identity));
            var (begun, now) = (RunManifest.Read(folder.Manifest), RunManifest.Gather(files, config.Seed, commandLine, time));
            var isSame = begun is not null && givenUp is null && (checkpoint is not null || IsAsBegun(folder, begun, config, now));
            var manifest = begun is not null && (isSame || checkpoint is not null) ? begun : now;
            var continuation = new RunContinuation(time.GetUtcNow(), checkpoint?.Number ?? 0, commandLine, givenUp);
            return new(folder, taken, config, manifest with { Continued = [.. manifest.Continued, continuation] }, identity, checkpoint) { GivenUp = givenUp, _keepsFigures = isSame };
        }
        catch
        {
            checkpoint?.Dispose();
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Writes down, once, what the run is from here on when all is known to be well: configuration, manifest, and where it goes on from.</summary>
    public void Start()
    {
        if (_isStarted)
            return;
        TrainConfigReader.Write(_config, Folder.Config); // first: with it, the folder is a run that can be continued
        _manifest.Write(Folder.Manifest);
        if (Checkpoint is not null)
            new CheckpointStore(Folder.Checkpoints).GoBackTo(Checkpoint.Number);
        if (!_keepsFigures)
            FileChanges.Delete(Folder.EvaluationBefore);
        _isStarted = true;
    }

    /// <summary>Makes sure that the folder is still there.</summary>
    /// <exception cref="UserErrorException">It was deleted or renamed.</exception>
    public void RequireFolder() => _lock.RequireFolder();

    /// <summary>Closes the checkpoint and gives the folder free.</summary>
    public void Dispose()
    {
        Checkpoint?.Dispose();
        _lock.Dispose();
    }

    private static (RunIdentity Identity, Dictionary<string, string> Sha256ByPath) Identify(TrainConfig config)
    {
        var inputs = TrainingInputs.Of(config);
        var hashes = inputs.Values.Distinct(StringComparer.Ordinal).ToDictionary(path => path, FileHash.Sha256, StringComparer.Ordinal);
        var settings = TrainConfigReader.ToSettings(config);
        return (new(settings, inputs.ToDictionary(entry => entry.Key, entry => hashes[entry.Value], StringComparer.Ordinal), RunIdentity.CurrentEnvironment(config.Device, config.Threads)), hashes);
    }

    private static IReadOnlyList<string> Differences(RunFolder folder, LoadedCheckpoint checkpoint, TrainConfig config, RunIdentity now)
    {
        var state = checkpoint.State<TrainingState>();
        if (config.Updates < state.Update)
            throw new UserErrorException($"updates: {state.Update} are done in {folder.Path}, expected at least as many, found {config.Updates}; raise --updates, or go back with --checkpoint.");
        return [.. state.Identity.Differences(now, TrainConfigRules.FreeOnResume), .. MetricsFile.Gaps(folder.Metrics, state.Update)];
    }

    /// <summary>What users read where <see cref="HasHadCheckpoints"/> and there are none.</summary>
    internal static string LostCheckpoints(RunFolder folder) =>
        $"The run in {folder.Path} has lost its checkpoints: expected some in {folder.Checkpoints}, since what else is there was made after the first; put them back, or begin a new run.";

    /// <summary>Whether the folder holds what a run makes only after its first checkpoint.</summary>
    internal static bool HasHadCheckpoints(RunFolder folder)
    {
        if (Directory.Exists(folder.Adapter) || Directory.Exists(folder.Model) || File.Exists(folder.Evaluation) || AdapterProvenance.TryRead(folder.Best)?.Updates > 0)
            return true;
        var config = TrainConfigReader.ReadRun(folder.Config, [], []);
        var first = Math.Min(Math.Min(config.CheckpointEvery, config.EvaluateEvery), config.Updates);
        return File.Exists(folder.Metrics) && MetricsFile.Read(folder.Metrics).Updates.Any(line => line.Update > first);
    }

    /// <summary>Whether a run without a checkpoint has the configuration, files, versions and machine that it was begun with.</summary>
    private static bool IsAsBegun(RunFolder folder, RunManifest begun, TrainConfig config, RunManifest now) =>
        AreEqual(TrainConfigReader.ToSettings(TrainConfigReader.ReadRun(folder.Config, [], [])), TrainConfigReader.ToSettings(config))
        && AreEqual(begun.Sha256, now.Sha256) && AreEqual(begun.Versions, now.Versions) && AreEqual(begun.Hardware, now.Hardware);

    private static bool AreEqual(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.OrderBy(entry => entry.Key, StringComparer.Ordinal).SequenceEqual(other.OrderBy(entry => entry.Key, StringComparer.Ordinal));
}

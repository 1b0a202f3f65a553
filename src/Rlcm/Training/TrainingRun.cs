using Rlcm.Checkpoints;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>The folder of a run while it is being worked on: locked, with all that says what the run is, and the checkpoint to go on from.</summary>
public sealed class TrainingRun : IDisposable
{
    private readonly RunLock _lock;

    private TrainingRun(RunFolder folder, RunLock taken, RunIdentity identity, LoadedCheckpoint? checkpoint) =>
        (Folder, _lock, Identity, Checkpoint) = (folder, taken, identity, checkpoint);

    /// <summary>The folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the run's numbers depend on.</summary>
    public RunIdentity Identity { get; }

    /// <summary>The checkpoint to go on from; null at the start.</summary>
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
            TrainConfigReader.Write(config, folder.Config); // first: with it, the folder is a run that can be continued
            RunManifest.Gather(files, config.Seed, commandLine, time).Write(folder.Manifest);
            return new(folder, taken, identity, checkpoint: null);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with an earlier run. Nothing of it is changed before all is known to be well.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="config">The run's configuration as it is to go on.</param>
    /// <param name="request">From where, and whether changes are forced.</param>
    /// <param name="commandLine">The arguments of the program, for the manifest.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">There is no run, it is in use, its checkpoint is damaged, or it would not go on as it was begun.</exception>
    public static TrainingRun Continue(string path, TrainConfig config, ResumeRequest request, IReadOnlyList<string> commandLine, TimeProvider time)
    {
        var folder = RunFolder.Open(path);
        var taken = RunLock.Take(folder.Path);
        LoadedCheckpoint? checkpoint = null;
        try
        {
            folder.CleanUp();
            var store = new CheckpointStore(folder.Checkpoints);
            checkpoint = request.Checkpoint is { } number ? store.Load(number) : store.Latest();
            var (identity, files) = Identify(config);
            var givenUp = checkpoint is null ? null : request.Decide(folder.Path, Differences(folder, checkpoint, config, identity));
            if (checkpoint is not null)
                store.GoBackTo(checkpoint.Number);

            var manifest = RunManifest.Read(folder.Manifest) ?? RunManifest.Gather(files, config.Seed, commandLine, time);
            var continuation = new RunContinuation(time.GetUtcNow(), checkpoint?.Number ?? 0, commandLine, givenUp);
            (manifest with { Continued = [.. manifest.Continued, continuation] }).Write(folder.Manifest);
            TrainConfigReader.Write(config, folder.Config);
            return new(folder, taken, identity, checkpoint) { GivenUp = givenUp };
        }
        catch
        {
            checkpoint?.Dispose();
            taken.Dispose();
            throw;
        }
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
        string[] shortened = config.Updates < state.Update ? [$"updates was at least {state.Update}, is {config.Updates}"] : [];
        return [.. shortened, .. state.Identity.Differences(now, TrainConfigRules.FreeOnResume), .. MetricsFile.Gaps(folder.Metrics, state.Update)];
    }
}

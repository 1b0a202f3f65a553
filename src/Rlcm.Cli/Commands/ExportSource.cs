using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>What is exported.</summary>
/// <param name="Adapter">Path of the adapter.</param>
/// <param name="Provenance">How it came to be, as far as it or its run says.</param>
internal sealed record ExportSource(string Adapter, AdapterProvenance Provenance)
{
    /// <summary>The adapter that <paramref name="path"/> is, or that of the run in it.</summary>
    /// <param name="path">A run's folder, or anything that <see cref="AdapterFile"/> reads.</param>
    /// <param name="best">Whether the run's best adapter is meant instead of its last.</param>
    /// <exception cref="UserErrorException">There is none.</exception>
    public static ExportSource Find(string path, bool best)
    {
        if (!File.Exists(Path.Combine(path, "config.json")))
        {
            return !best
                ? new(path, AdapterProvenance.Read(path))
                : throw new UserErrorException($"--best: expected a run's folder, found {path}, which holds no config.json; leave --best out, or name the run.");
        }

        var run = RunFolder.Open(path);
        var adapter = best ? run.BestAdapter : run.Adapter;
        if (!Directory.Exists(adapter))
            throw new UserErrorException($"The run {run.Path} has no {(best ? "best adapter" : "adapter")} yet: expected the folder {adapter}; {Advice(run, best)}.");
        var config = TrainConfigReader.ReadRun(run.Config, [], []);
        return new(adapter, AdapterProvenance.Read(adapter) switch
        {
            { Task: not null } known => known,
            _ => new() { BaseModel = config.Model, LcmLora = config.LcmLora, Task = config.Task, Seed = config.Seed }, // of a version that wrote no metadata
        });
    }

    private static string Advice(RunFolder run, bool best) => best
        ? "it is written by the first evaluation"
        : $"it is written when training ends or is stopped with Ctrl-C{(Directory.Exists(run.BestAdapter) ? ", --best exports the best so far" : "")}";
}

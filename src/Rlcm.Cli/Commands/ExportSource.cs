using Rlcm.Models.Lora;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>What is exported.</summary>
/// <param name="Adapter">Path of the adapter, or of the model where <paramref name="IsModel"/>.</param>
/// <param name="Provenance">How it came to be, as far as it or its run says.</param>
/// <param name="IsModel">Whether the whole U-Net was tuned, so that there is a model and no adapter.</param>
internal sealed record ExportSource(string Adapter, AdapterProvenance Provenance, bool IsModel = false)
{
    /// <summary>The adapter that <paramref name="source"/> is, or that of the run in it.</summary>
    /// <param name="source">A run's folder, or anything that <see cref="AdapterFile"/> reads.</param>
    /// <param name="best">Whether the run's best adapter is meant instead of its last.</param>
    /// <exception cref="UserErrorException">There is none.</exception>
    public static ExportSource Find(string source, bool best)
    {
        if (!File.Exists(Path.Combine(source, "config.json")))
        {
            return !best
                ? new(source, AdapterProvenance.Read(source))
                : throw new UserErrorException($"--best: expected a run's folder, found {source}, which holds no config.json; leave --best out, or name the run.");
        }

        var run = RunFolder.Open(source);
        var config = TrainConfigReader.ReadRun(run.Config, [], []);
        var result = TrainingResult.Of(run, config);
        var path = best ? run.Best : result.Path;
        if (!Directory.Exists(path))
            throw new UserErrorException($"The run {run.Path} has no {(best ? $"best {result.Kind}" : result.Kind)} yet: expected the folder {path}; {Advice(run, best)}.");
        var provenance = AdapterProvenance.Read(path) switch
        {
            { Task: not null } known => known,
            _ => new() { BaseModel = config.Model, LcmLora = config.LcmLora, Task = config.Task, Seed = config.Seed }, // of a version that wrote no metadata
        };
        return new(path, provenance, IsModel: config.TrainedWeights == TrainedWeights.Unet);
    }

    private static string Advice(RunFolder run, bool best) => best
        ? "it is written by the first evaluation"
        : $"it is written when training ends or is stopped with Ctrl-C{(Directory.Exists(run.Best) ? ", --best exports the best so far" : "")}";
}

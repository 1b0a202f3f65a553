using Rlcm.Models.Lora;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>Makes a finished run small enough to be kept with the sources: its figures, its adapter in 16 bits and one sheet of pictures stay.</summary>
public static class FinishedRun
{
    /// <summary>Whether the run in <paramref name="folder"/> has come to its end.</summary>
    public static bool IsFinished(string folder)
    {
        var run = File.Exists(Path.Combine(folder, RunFolder.ConfigName)) ? RunFolder.Open(folder) : null;
        return run is not null && File.Exists(run.Evaluation) && File.Exists(run.Comparison);
    }

    /// <summary>Whether it is finished and <see cref="Trim"/> has come to its end, too; nothing goes on from there.</summary>
    public static bool IsTrimmed(string folder) => IsFinished(folder) && RunFolder.Open(folder) is var run && Directory.Exists(run.Adapter) && !Directory.Exists(run.Checkpoints);

    /// <summary>
    /// Stores the adapter of a finished run in 16 bits, names the project's files in its manifest as any copy of the project does, and deletes
    /// what is needed only to continue the run or to watch it, checkpoints last. A process that is killed meanwhile leaves a finished run that
    /// can be trimmed again.
    /// </summary>
    /// <exception cref="UserErrorException">The run is in use, or its adapter is damaged.</exception>
    public static void Trim(string folder)
    {
        if (!IsFinished(folder))
            throw new ArgumentException($"Expected a finished run in {folder}.", nameof(folder));
        var run = RunFolder.Open(folder);
        using (RunLock.Take(folder))
        {
            run.CleanUp(); // the adapter may be between its two names
            using var scope = NewDisposeScope();
            AdapterFile.Save(AdapterFile.Read(run.Adapter), AdapterFormat.Peft, run.Adapter, ScalarType.Float16, AdapterProvenance.Read(run.Adapter));
            if (RunManifest.Read(run.Manifest) is { } manifest)
                (manifest with { Sha256 = manifest.Sha256.ToDictionary(file => ShippedFiles.NameOf(file.Key), file => file.Value, StringComparer.Ordinal) }).Write(run.Manifest);
            string[] kept = [run.Config, run.Manifest, run.Metrics, run.EvaluationBefore, run.Evaluation, run.Adapter, run.Images, run.Comparison, run.Checkpoints];
            foreach (var path in Directory.GetFileSystemEntries(run.Images).Concat(Directory.GetFileSystemEntries(run.Path)).Except(kept, StringComparer.Ordinal))
            {
                if (!RunLock.FileNames.Contains(Path.GetFileName(path)))
                    FileChanges.Delete(path);
            }

            FileChanges.Delete(run.Checkpoints);
        }

        foreach (var name in RunLock.FileNames)
            FileChanges.Delete(Path.Combine(folder, name));
    }
}

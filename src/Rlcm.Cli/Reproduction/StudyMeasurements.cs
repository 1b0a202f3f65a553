using Rlcm.Evaluation;
using Rlcm.Prompts;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Reproduction;

/// <summary>What is measured of the models that the runs of a study have made, each once.</summary>
/// <param name="study">The study.</param>
/// <param name="folder">Its folder.</param>
/// <param name="changes">What is changed in all runs.</param>
/// <param name="terminal">Where to report.</param>
internal sealed class StudyMeasurements(StudyDefinition study, StudyFolder folder, IReadOnlyList<string> changes, Terminal terminal)
{
    /// <summary>The files of <see cref="MeasureInference"/> that are there.</summary>
    public IEnumerable<InferenceMeasures> ReadInference() => Read<InferenceMeasures>(StudyPart.Inference, static measures =>
        measures.BySteps.Count > 0 && measures.BySteps.All(step => step is { Steps: > 0, SecondsPerPicture: > 0 }));

    /// <summary>The files of <see cref="MeasureGeneralization"/> that are there.</summary>
    public IEnumerable<GeneralizationMeasures> ReadGeneralization() => Read<GeneralizationMeasures>(StudyPart.Generalization, static measures => measures.Sets.Select(set => set.File).SequenceEqual(StudyPrompts.Sets.Select(set => set.File)));

    /// <summary>Measures the models of <see cref="StudyPart.Main"/> whose runs are finished against sampling steps, and the untuned ones.</summary>
    /// <param name="isTimeLeft">Asked before each model.</param>
    /// <param name="stop">Stops between batches of pictures.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public void MeasureInference(Func<bool> isTimeLeft, CancellationToken stop)
    {
        foreach (var run in Finished(StudyPart.Main))
        {
            var config = run.Config(changes);
            Once(StudyPart.Inference, $"{run.Task}-{run.Algorithm}-untuned", isTimeLeft, () => BySteps(run, config, adapter: null, stop));
            Once(StudyPart.Inference, run.MeasuredName, isTimeLeft, () => BySteps(run, config, AdapterOf(run), stop));
        }
    }

    /// <summary>Measures the models of <see cref="StudyPart.Generalization"/> whose runs are finished on prompts that they were trained on, and on others.</summary>
    /// <param name="isTimeLeft">Asked before each model.</param>
    /// <param name="stop">Stops between batches of pictures.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public void MeasureGeneralization(Func<bool> isTimeLeft, CancellationToken stop)
    {
        foreach (var run in Finished(StudyPart.Generalization))
            Once(StudyPart.Generalization, run.MeasuredName, isTimeLeft, () => ByPrompts(run, run.Config(changes), stop));
    }

    private IEnumerable<StudyRun> Finished(string part) => study.Runs.Where(run => run.Parts.Contains(part) && folder.State(run.Name) == RunState.Done);

    private string AdapterOf(StudyRun run) => RunFolder.Open(folder.Run(run.Name)).Adapter;

    private void Once<T>(string kind, string name, Func<bool> isTimeLeft, Func<T> measure)
    {
        var path = folder.Measured(kind, name);
        if (File.Exists(path) || !isTimeLeft())
            return;
        terminal.Output.WriteLine($"{kind}: {name}");
        terminal.Output.Flush();
        StrictJsonFile.Write(path, measure());
    }

    private IEnumerable<T> Read<T>(string kind, Predicate<T> isWhole)
    {
        var path = Path.GetDirectoryName(folder.Measured(kind, "any"))!;
        foreach (var file in Directory.Exists(path) ? Directory.GetFiles(path, "*.json").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            var measures = StrictJsonFile.Read<T>(file);
            yield return isWhole(measures) ? measures : throw new FileContentException(file, position: null, $"{file}: expected what this study measures, found something else; remove the file, so that it is made again.");
        }
    }

    private InferenceMeasures BySteps(StudyRun run, TrainConfig config, string? adapter, CancellationToken stop)
    {
        using var model = new StudyModel(config, adapter);
        var prompts = PromptFile.Read(ShippedFiles.Require(config.EvaluationPrompts, "evaluationPrompts"));
        var steps = (run.Algorithm == StudyDefinition.Rlcm ? study.Scope.ConsistencySteps : study.Scope.DiffusionSteps).Select(number =>
        {
            var reward = Bootstrap.Mean(model.Reward(number, prompts, samples: 1, stop).Units);
            var recognized = model.Recognize(number, study.Scope.Evaluation, stop);
            return new StepMeasure(number, reward, recognized?.Share, recognized?.Samples.Count, model.TakeSecondsPerPicture());
        });
        return new(run.Task, model.Unit, run.Algorithm, adapter is null ? null : run.Seed, config.GuidanceScale, config.Threads, [.. steps]);
    }

    private GeneralizationMeasures ByPrompts(StudyRun run, TrainConfig config, CancellationToken stop)
    {
        var before = Rewards(config, adapter: null, stop);
        var after = Rewards(config, AdapterOf(run), stop);
        return new(run.Task, before.Unit, run.Algorithm, run.Seed, config.Horizon, study.Scope.Samples,
        [
            .. StudyPrompts.Sets.Zip(before.Values, after.Values).Select(set => new PromptSetMeasure(
                set.First.Name, set.First.File, set.Second.ByPrompt.Count, Bootstrap.Mean(set.Second.Units), Bootstrap.Mean(set.Third.Units), MeasureComparison.Change(set.Third, set.Second))),
        ]);
    }

    private (string Unit, MeasuredValues[] Values) Rewards(TrainConfig config, string? adapter, CancellationToken stop)
    {
        using var model = new StudyModel(config, adapter);
        return (model.Unit, [.. StudyPrompts.Sets.Select(set => model.Reward(config.Horizon, PromptFile.Read(ShippedFiles.Require(set.File, "prompts")), study.Scope.Samples, stop))]);
    }
}

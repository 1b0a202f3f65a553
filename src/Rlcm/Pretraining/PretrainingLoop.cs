using System.Diagnostics;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Rlcm.Training;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>Trains any <see cref="IPretrainingStage"/>: Adam, gradient clipping, moving average, learning-rate schedule, checkpoints and resumption.</summary>
public sealed class PretrainingLoop(IPretrainingStage stage, PretrainingSettings settings, PretrainingFolder folder)
{
    private sealed record State(long Step, long AdamSteps, RunIdentity Identity, IReadOnlyList<string> GivenUp);

    private readonly ExponentialMovingAverage _averages =
        new(stage.Weights.Select(weight => (weight.Name, (Tensor)weight.Value, weight.Average)), settings.EmaDecay);

    private readonly RunIdentity _identity = StageIdentity.Of(settings);
    private readonly List<string> _givenUp = []; // what was changed and continued with by force, a sentence for each time
    private long? _saved;

    /// <summary>Trains until all steps are done or <paramref name="stop"/> asks to stop after the current one; then checkpoints and saves the model.</summary>
    /// <param name="resume">How to continue from a checkpoint of the folder, if it holds one; null: from the start.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="warn">Told what the user gives up by going on in spite of a change.</param>
    /// <param name="stop">Stops the training in good order.</param>
    /// <returns>True when all steps are done.</returns>
    /// <exception cref="UserErrorException">The folder is in use, the run to continue would not go on as it was begun, or the training diverges.</exception>
    public bool Run(ResumeRequest? resume, IProgress<PretrainingProgress> progress, Action<string> warn, CancellationToken stop)
    {
        NativeTorch.Tune(); // a network that was made from nothing was not loaded, where this is done otherwise
        using var adam = new Adam(stage.Weights.Select(weight => (weight.Name, weight.Value)), settings.LearningRate);
        using var taken = RunLock.Take(folder.Path);
        folder.CleanUp();
        if (resume is null && folder.Checkpoints.Numbers.Count > 0)
            throw new UserErrorException($"The folder {folder.Path} holds a stage that was begun meanwhile; add --resume to continue it, or choose another --output.");
        var first = resume is null ? 0 : Restore(adam, resume, warn);
        folder.ContinueAfter(first);
        var clock = Stopwatch.StartNew();
        var lastCheckpoint = TimeSpan.Zero;
        var step = first;
        while (step < settings.Steps && !stop.IsCancellationRequested)
        {
            var rate = settings.LearningRateAt(step);
            var loss = TakeStep(adam, step, rate);
            step++;
            folder.Losses.Record(new(step, loss, rate));
            if (step % settings.SampleEvery == 0 || step == settings.Steps)
                folder.WriteSamples(step, stage.Samples());
            var isDue = clock.Elapsed - lastCheckpoint >= settings.CheckpointInterval;
            if (isDue)
            {
                taken.RequireFolder();
                Checkpoint(adam, step);
                lastCheckpoint = clock.Elapsed;
            }

            var speed = (step - first) * settings.BatchSize / clock.Elapsed.TotalSeconds;
            progress.Report(new(stage.Name, step, settings.Steps, step * settings.BatchSize, loss, rate, speed,
                TimeSpan.FromSeconds((settings.Steps - step) * settings.BatchSize / speed), isDue));
        }

        taken.RequireFolder();
        Checkpoint(adam, step);
        return step >= settings.Steps;
    }

    private double TakeStep(Adam adam, long step, double rate)
    {
        using var scope = NewDisposeScope();
        adam.ZeroGrad();
        var loss = stage.Loss(step);
        loss.backward();
        var value = loss.ToNumber();
        var norm = GradientNorm.Clip(adam.Parameters, settings.MaxGradNorm);
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            throw new UserErrorException(
                $"Stage {stage.Name}, step {step}: the loss is {value} and its gradient norm {norm}, expected finite numbers; lower --learning-rate "
                + $"(now {settings.LearningRate:g3}) and begin a new run, with --from the model of the last checkpoint in {folder.Path} where there is one.");
        }

        adam.LearningRate = rate;
        adam.Step();
        _averages.Update();
        return value;
    }

    private void Checkpoint(Adam adam, long step)
    {
        if (_saved == step)
        {
            folder.Checkpoints.Prune(step, keep: []); // a killed process may not have come to it
        }
        else
        {
            folder.Losses.Flush();
            folder.Checkpoints.Save(step, Tensors(adam), new State(step, adam.StepCount, _identity, _givenUp));
            _saved = step;
        }

        stage.Save(folder.ModelPath);
    }

    private long Restore(Adam adam, ResumeRequest request, Action<string> warn)
    {
        using var checkpoint = request.Checkpoint is { } number ? folder.Checkpoints.Load(number) : folder.Checkpoints.Latest();
        if (checkpoint is null)
            return 0;
        var state = checkpoint.State<State>();
        if (settings.Steps < state.Step)
            throw new UserErrorException($"--images: {state.Step * settings.BatchSize} are shown in {folder.Path}, expected at least as many, found {settings.Images}; raise --images, or go back with --checkpoint.");
        _givenUp.AddRange(state.GivenUp);
        if (request.Decide(folder.Path, [.. state.Identity.Differences(_identity, StageIdentity.FreeOnResume), .. folder.Losses.Gaps(state.Step)]) is { } givenUp)
        {
            _givenUp.Add(givenUp);
            warn(givenUp);
        }

        checkpoint.CopyTo(Tensors(adam));
        folder.Checkpoints.GoBackTo(checkpoint.Number);
        adam.StepCount = state.AdamSteps;
        _averages.Count = state.Step;
        _saved = _givenUp.Count == state.GivenUp.Count ? state.Step : null; // what is given up now is to be saved
        return state.Step;
    }

    private Dictionary<string, Tensor> Tensors(Adam adam)
    {
        var tensors = adam.State().ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
        foreach (var (name, value, average) in stage.Weights)
        {
            tensors[$"weight.{name}"] = value;
            tensors[$"average.{name}"] = average;
        }

        return tensors;
    }
}

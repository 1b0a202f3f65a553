using Rlcm.Training;

namespace Rlcm.Benchmarks;

/// <summary>A training without files, one update at a time, for whoever times it: as it is, with sampling, scoring, decoding and its gradient steps, on adapters that are thrown away.</summary>
public sealed class MeasuredUpdates : IDisposable
{
    private readonly TrainingSession _session;
    private readonly Trainer _trainer;
    private readonly Latest _latest = new();
    private (double Seconds, long Sampling, long Training) _before;

    /// <summary>Loads everything that <paramref name="config"/> names.</summary>
    /// <param name="config">The training; its number of updates limits how often it can be measured.</param>
    /// <exception cref="Runtime.UserErrorException">Something is missing, damaged or does not fit.</exception>
    public MeasuredUpdates(TrainConfig config)
    {
        _session = new(config);
        _trainer = _session.CreateTrainer(_latest);
    }

    /// <summary>Makes the next update.</summary>
    /// <param name="stop">Stops before it, or while its scores do not come.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    /// <exception cref="InvalidOperationException">There is none left.</exception>
    public MeasuredUpdate Next(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _latest.Metrics = null;
        _trainer.Run(stop);
        if (_latest.Metrics is null)
            stop.ThrowIfCancellationRequested(); // just before the update
        var metrics = _latest.Metrics ?? throw new InvalidOperationException("All updates of the configuration are made.");
        var now = (metrics.Seconds, metrics.SamplingEvaluations ?? 0, metrics.TrainingEvaluations ?? 0);
        var before = _before;
        _before = now;
        return new(now.Seconds - before.Seconds, now.Item2 - before.Sampling, now.Item3 - before.Training);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _session.Dispose();
    }

    /// <summary>Ends the training after every update, so that another can be measured in between.</summary>
    private sealed class Latest : ITrainingRecorder
    {
        public UpdateMetrics? Metrics { get; set; }

        public bool IsOver => Metrics is not null;

        public void Record(Trainer trainer, UpdateMetrics metrics, CancellationToken stop) => Metrics = metrics;
    }
}

/// <summary>What an update took.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="SamplingEvaluations">U-Net evaluations of a latent without gradient.</param>
/// <param name="TrainingEvaluations">The same with a backward pass.</param>
public sealed record MeasuredUpdate(double Seconds, long SamplingEvaluations, long TrainingEvaluations)
{
    /// <summary>Seconds of one evaluation, whatever its kind, with everything else that an update takes.</summary>
    public double SecondsPerEvaluation => Seconds / (SamplingEvaluations + TrainingEvaluations);
}

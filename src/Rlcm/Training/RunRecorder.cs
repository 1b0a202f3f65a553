using Rlcm.Checkpoints;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models.Lora;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Keeps a run's folder up to date: a line per update, an evaluation and a checkpoint where they are due, the best adapter so far.</summary>
public sealed class RunRecorder : ITrainingRecorder, IDisposable
{
    /// <summary>Pictures side by side in a grid.</summary>
    public const int GridColumns = 8;

    private readonly TrainConfig _config;
    private readonly RunFolder _folder;
    private readonly PolicyEvaluator _evaluator;
    private readonly LoraAdapters _adapters;
    private readonly AdapterProvenance _provenance;
    private readonly CheckpointStore _checkpoints;
    private readonly MetricsLog _metrics;
    private readonly TensorBoardLog _events;
    private readonly IProgress<UpdateMetrics> _updates;
    private readonly IProgress<EvaluationMetrics> _evaluations;
    private readonly List<EvaluationMetrics> _evaluated;

    /// <param name="config">The run's configuration.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="evaluator">Draws and scores the evaluation pictures.</param>
    /// <param name="adapters">The adapters being trained.</param>
    /// <param name="provenance">What is known of them at any time: base model, task and seed.</param>
    /// <param name="continuesFrom">Number of the checkpoint that the run continues from; null for a run from the start.</param>
    /// <param name="updates">Told of every update.</param>
    /// <param name="evaluations">Told of every evaluation.</param>
    /// <param name="time">Time of the TensorBoard events.</param>
    public RunRecorder(
        TrainConfig config, RunFolder folder, PolicyEvaluator evaluator, LoraAdapters adapters, AdapterProvenance provenance, int? continuesFrom,
        IProgress<UpdateMetrics> updates, IProgress<EvaluationMetrics> evaluations, TimeProvider time)
    {
        (_config, _folder, _evaluator, _adapters, _provenance, _updates, _evaluations) = (config, folder, evaluator, adapters, provenance, updates, evaluations);
        _checkpoints = new(folder.Checkpoints, config.KeepLast);
        _metrics = continuesFrom is { } lastUpdate ? MetricsLog.Continue(folder.Metrics, lastUpdate) : MetricsLog.Create(folder.Metrics);
        var (done, evaluated) = MetricsFile.Read(folder.Metrics);
        _events = TensorBoardLog.Continue(folder.Events, done, evaluated, time);
        _evaluated = [.. evaluated];
    }

    /// <summary>What the last evaluation of this session drew; null before the first.</summary>
    public EvaluatedPictures? Latest { get; private set; }

    /// <inheritdoc/>
    public void Record(Trainer trainer, UpdateMetrics metrics)
    {
        _metrics.Append(metrics);
        _events.Append(metrics);
        _updates.Report(metrics);
        if (metrics.Update % _config.EvaluateEvery == 0 || metrics.Update == _config.Updates)
            Evaluate(metrics.Update, metrics.Queries, metrics.Seconds, CancellationToken.None); // a part of its update
        if (metrics.Update % _config.CheckpointEvery == 0 || metrics.Update == _config.Updates)
            Save(trainer);
    }

    /// <summary>Writes a checkpoint; those with the highest evaluation rewards so far stay beside the newest.</summary>
    public void Save(Trainer trainer)
    {
        var best = _evaluated.OrderByDescending(line => line.RewardMean).Select(line => (long)line.Update)
            .Where(update => update == trainer.UpdatesDone || _checkpoints.Numbers.Contains(update));
        trainer.Save(_checkpoints, [.. best.Take(_config.KeepBest)]);
    }

    /// <summary>Draws, scores and keeps the evaluation pictures of the adapters as they are; keeps the adapters where they are the best so far.</summary>
    public EvaluatedPictures Evaluate(int update, long queries, double seconds, CancellationToken stop)
    {
        using var merged = _adapters.Merge();
        var pictures = _evaluator.Evaluate(_config.Horizon, stop);
        PngFile.Write(Path.Combine(_folder.Images, $"{update:D6}.png"), ImageGrid.Compose(pictures.Images, GridColumns));
        var moments = RewardMoments.Of([.. pictures.Rewards]);
        var isBest = _evaluated.All(earlier => moments.Mean > earlier.RewardMean);
        var recognized = _evaluator.Recognize(_config.Horizon, seeds: 1, stop);
        var line = new EvaluationMetrics(update, queries, seconds, pictures.Rewards.Count, moments.Mean, moments.Std, recognized?.Share, recognized?.Samples.Count, isBest);
        _metrics.Append(line);
        _events.Append(line);
        _evaluations.Report(line);
        _evaluated.Add(line);
        if (isBest)
            WriteAdapter(_folder.BestAdapter, update);
        return Latest = pictures;
    }

    /// <summary>Writes the adapters as the run's result.</summary>
    /// <param name="update">Updates that made them.</param>
    public void WriteResult(int update) => WriteAdapter(_folder.Adapter, update);

    private void WriteAdapter(string folder, int update) => PeftAdapter.Save(_adapters, folder, _provenance with
    {
        Updates = update,
        Reward = _evaluated.LastOrDefault(line => line.Update == update)?.RewardMean,
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _events.Dispose();
    }
}

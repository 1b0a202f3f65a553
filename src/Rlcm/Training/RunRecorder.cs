using System.Globalization;
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
    private readonly TrainingRun _run;
    private readonly PolicyEvaluator _evaluator;
    private readonly LoraAdapters _adapters;
    private readonly AdapterProvenance _provenance;
    private readonly CheckpointStore _checkpoints;
    private readonly MetricsLog _metrics;
    private readonly TensorBoardLog _events;
    private readonly IProgress<UpdateMetrics> _updates;
    private readonly IProgress<EvaluationMetrics> _evaluations;
    private readonly List<EvaluationMetrics> _evaluated;
    private long? _saved;

    /// <param name="config">The run's configuration.</param>
    /// <param name="run">The run; lines, events and pictures beyond its checkpoint are dropped, since they will be made again.</param>
    /// <param name="evaluator">Draws and scores the evaluation pictures.</param>
    /// <param name="adapters">The adapters being trained.</param>
    /// <param name="provenance">What is known of them at any time: base model, task and seed.</param>
    /// <param name="updates">Told of every update.</param>
    /// <param name="evaluations">Told of every evaluation.</param>
    /// <param name="time">Time of the TensorBoard events.</param>
    public RunRecorder(
        TrainConfig config, TrainingRun run, PolicyEvaluator evaluator, LoraAdapters adapters, AdapterProvenance provenance,
        IProgress<UpdateMetrics> updates, IProgress<EvaluationMetrics> evaluations, TimeProvider time)
    {
        (_config, _run, _evaluator, _adapters, _provenance, _updates, _evaluations) = (config, run, evaluator, adapters, provenance, updates, evaluations);
        _checkpoints = new(run.Folder.Checkpoints, config.KeepLast);
        _saved = run.Checkpoint?.Number;
        _metrics = _saved is { } last && File.Exists(run.Folder.Metrics) ? MetricsLog.Continue(run.Folder.Metrics, (int)last) : MetricsLog.Create(run.Folder.Metrics);
        var (done, evaluated) = MetricsFile.Read(run.Folder.Metrics);
        _events = TensorBoardLog.Continue(run.Folder.Events, done, evaluated, time);
        _evaluated = [.. evaluated];
        foreach (var picture in Directory.GetFiles(run.Folder.Images, "*.png"))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(picture), NumberStyles.None, CultureInfo.InvariantCulture, out var update) && update > (_saved ?? 0))
                FileChanges.Delete(picture);
        }
    }

    /// <summary>What the last evaluation of this session drew; null before the first.</summary>
    public EvaluatedPictures? Latest { get; private set; }

    /// <inheritdoc/>
    public void Record(Trainer trainer, UpdateMetrics metrics)
    {
        _run.RequireFolder();
        _metrics.Append(metrics);
        _events.Append(metrics);
        _updates.Report(metrics);
        var isLast = metrics.Update == _config.Updates;
        var isEvaluated = isLast || metrics.Update % _config.EvaluateEvery == 0;
        if (isEvaluated)
            Evaluate(metrics.Update, metrics.Queries, metrics.Seconds, CancellationToken.None); // a part of its update
        if (isEvaluated || metrics.Update % _config.CheckpointEvery == 0)
            Save(trainer);
    }

    /// <summary>
    /// Writes a checkpoint, unless the last one is as far; those with the highest evaluation rewards so far stay beside the newest. The best
    /// adapters follow, so that they are never ahead of it.
    /// </summary>
    public void Save(Trainer trainer)
    {
        long[] best =
        [
            .. _evaluated.OrderByDescending(line => line.RewardMean).Select(line => (long)line.Update)
                .Where(update => update == trainer.UpdatesDone || _checkpoints.Numbers.Contains(update)).Take(_config.KeepBest),
        ];
        if (_saved == trainer.UpdatesDone)
        {
            _checkpoints.Prune(trainer.UpdatesDone, best); // a killed process may not have come to it
        }
        else
        {
            _run.RequireFolder();
            _metrics.FlushToDisk();
            trainer.Save(_checkpoints, _run.Identity, best);
            _saved = trainer.UpdatesDone;
        }

        WriteBest(trainer.UpdatesDone);
    }

    /// <summary>Keeps the adapters as the run's best where the evaluation after <paramref name="update"/>, the last, is; a killed process may not have come to it.</summary>
    public void WriteBest(int update)
    {
        var folder = _run.Folder.BestAdapter;
        if (_evaluated.LastOrDefault(line => line.IsBest)?.Update == update && !(Directory.Exists(folder) && AdapterProvenance.Read(folder).Updates == update))
            WriteAdapter(folder, update);
    }

    /// <summary>Draws, scores and keeps the evaluation pictures of the adapters as they are.</summary>
    public EvaluatedPictures Evaluate(int update, long queries, double seconds, CancellationToken stop)
    {
        using var merged = _adapters.Merge();
        var pictures = _evaluator.Evaluate(_config.Horizon, stop);
        PngFile.Write(Path.Combine(_run.Folder.Images, $"{update:D6}.png"), ImageGrid.Compose(pictures.Images, GridColumns));
        var moments = RewardMoments.Of([.. pictures.Rewards]);
        var isBest = _evaluated.All(earlier => moments.Mean > earlier.RewardMean);
        var recognized = _evaluator.Recognize(_config.Horizon, seeds: 1, stop);
        var line = new EvaluationMetrics(update, queries, seconds, pictures.Rewards.Count, moments.Mean, moments.Std, recognized?.Share, recognized?.Samples.Count, isBest);
        _metrics.Append(line);
        _events.Append(line);
        _evaluations.Report(line);
        _evaluated.Add(line);
        return Latest = pictures;
    }

    /// <summary>Writes a checkpoint and the adapters as the run's result.</summary>
    public void WriteResult(Trainer trainer)
    {
        Save(trainer);
        WriteAdapter(_run.Folder.Adapter, trainer.UpdatesDone);
    }

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

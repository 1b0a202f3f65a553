using Rlcm.Checkpoints;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Lora;
using Rlcm.Rewards;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Keeps a run's folder up to date: a line per update, an evaluation and a checkpoint where they are due, the best weights so far.</summary>
public sealed class RunRecorder : ITrainingRecorder, IDisposable
{
    /// <summary>Pictures side by side in a grid.</summary>
    public const int GridColumns = 8;

    private readonly TrainConfig _config;
    private readonly TrainingRun _run;
    private readonly PolicyEvaluator _evaluator;
    private readonly ITrainedWeights _weights;
    private readonly AdapterProvenance _provenance;
    private readonly CheckpointStore _checkpoints;
    private readonly IProgress<UpdateMetrics> _updates;
    private readonly IProgress<EvaluationMetrics> _evaluations;
    private readonly TimeProvider _time;
    private readonly List<EvaluationMetrics> _evaluated = [];
    private MetricsLog? _metrics;
    private TensorBoardLog? _events;
    private long? _saved;
    private UpdateMetrics? _last; // before this session

    /// <param name="config">The run's configuration.</param>
    /// <param name="run">The run.</param>
    /// <param name="evaluator">Draws and scores the evaluation pictures.</param>
    /// <param name="weights">The weights being trained.</param>
    /// <param name="provenance">What is known of them at any time: base model, task and seed.</param>
    /// <param name="updates">Told of every update.</param>
    /// <param name="evaluations">Told of every evaluation.</param>
    /// <param name="time">Time of the TensorBoard events.</param>
    public RunRecorder(
        TrainConfig config, TrainingRun run, PolicyEvaluator evaluator, ITrainedWeights weights, AdapterProvenance provenance,
        IProgress<UpdateMetrics> updates, IProgress<EvaluationMetrics> evaluations, TimeProvider time)
    {
        (_config, _run, _evaluator, _weights, _provenance, _updates, _evaluations, _time) = (config, run, evaluator, weights, provenance, updates, evaluations, time);
        _checkpoints = new(run.Folder.Checkpoints, config.KeepLast);
        _saved = run.Checkpoint?.Number;
    }

    /// <summary>Opens the logs. Lines, events, pictures and best weights beyond the run's checkpoint are dropped, since they will be made again.</summary>
    public void Start()
    {
        var folder = _run.Folder;
        _metrics = _saved is { } last && File.Exists(folder.Metrics) ? MetricsLog.Continue(folder.Metrics, (int)last) : MetricsLog.Create(folder.Metrics);
        var (done, evaluated) = MetricsFile.Read(folder.Metrics);
        _events = TensorBoardLog.Continue(folder.Events, done, evaluated, _time);
        _evaluated.AddRange(evaluated);
        _last = done.LastOrDefault(line => line.Update == _saved);
        NumberedFiles.DropAfter(folder.Images, _saved ?? 0);
        if (UpdatesOfBest() != UpdatesOfBestEvaluation)
            GoBackToEarlierBest();
    }

    /// <summary>What the last evaluation of this session drew; null before the first, and where it was given up.</summary>
    public EvaluatedPictures? Latest { get; private set; }

    /// <inheritdoc/>
    public bool IsOver => Plateau.IsReached(_evaluated, _config.Patience);

    /// <inheritdoc/>
    public void Record(Trainer trainer, UpdateMetrics metrics, CancellationToken stop)
    {
        _run.RequireFolder();
        Metrics.Append(metrics);
        Events.Append(metrics);
        _updates.Report(metrics);
        if (IsEvaluated(metrics.Update))
            EvaluateOrSave(trainer, metrics, stop);
        if (IsEvaluated(metrics.Update) || metrics.Update % _config.CheckpointEvery == 0)
            Save(trainer);
    }

    /// <summary>Makes the evaluation after the last update, where it is due and an earlier process has not come to its end.</summary>
    public void MakeUpEvaluation(Trainer trainer, CancellationToken stop)
    {
        if (_last is null || !IsEvaluated(_last.Update) || _evaluated.Any(line => line.Update == _last.Update))
            return;
        var drawn = Draw(stop);
        Keep(_last.Update, _last.Queries, _last.Seconds, drawn, _evaluator.Score(drawn.Images, stop));
        Save(trainer);
    }

    private bool IsEvaluated(int update) => update == _config.Updates || update % _config.EvaluateEvery == 0;

    /// <summary>An evaluation without scores costs no update: there is a checkpoint, and whoever continues from it makes up the evaluation first.</summary>
    private void EvaluateOrSave(Trainer trainer, UpdateMetrics metrics, CancellationToken stop)
    {
        Latest = null;
        var drawn = Draw(CancellationToken.None); // a part of its update
        using var giveUp = new CancellationTokenSource();
        using var asked = giveUp.CancelSoonAfter(stop);
        try
        {
            Keep(metrics.Update, metrics.Queries, metrics.Seconds, drawn, _evaluator.Score(drawn.Images, giveUp.Token));
        }
        catch (Exception error) when (error is UserErrorException or OperationCanceledException)
        {
            Save(trainer);
            throw;
        }
    }

    /// <summary>
    /// Writes a checkpoint, unless the last one is as far; those with the highest evaluation rewards so far stay beside the newest. The best
    /// weights follow, so that they are never ahead of it.
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
            Metrics.FlushToDisk();
            trainer.Save(_checkpoints, _run.Identity, best);
            _saved = trainer.UpdatesDone;
        }

        WriteBest(trainer.UpdatesDone);
    }

    /// <summary>Keeps the weights as the run's best where the evaluation after <paramref name="update"/>, the last, is; a killed process may not have come to it.</summary>
    public void WriteBest(int update)
    {
        if (UpdatesOfBestEvaluation == update && UpdatesOfBest() != update)
            Write(_run.Folder.Best, update);
    }

    /// <summary>Keeps the evaluation before the first update.</summary>
    /// <param name="untuned">The evaluation pictures of the untuned model.</param>
    /// <param name="stop">Stops before it is written.</param>
    public void KeepUntuned(EvaluatedPictures untuned, CancellationToken stop)
    {
        using var usingBase = _weights.UseBase();
        Keep(update: 0, queries: 0, seconds: 0, new(untuned.Images, _evaluator.Recognize(_config.Horizon, stop)), untuned);
    }

    /// <summary>The evaluation pictures of the weights as they are.</summary>
    private Drawn Draw(CancellationToken stop)
    {
        using var merged = _weights.Merge();
        return new(_evaluator.Draw(_config.Horizon, stop), _evaluator.Recognize(_config.Horizon, stop));
    }

    private void Keep(int update, long queries, double seconds, Drawn drawn, EvaluatedPictures pictures)
    {
        PngFile.Write(Path.Combine(_run.Folder.Images, $"{update:D6}.png"), ImageGrid.Compose(pictures.Images, GridColumns));
        var moments = RewardMoments.Of([.. pictures.Rewards]);
        var isBest = _evaluated.All(earlier => moments.Mean > earlier.RewardMean);
        var line = new EvaluationMetrics(update, queries, seconds, pictures.Rewards.Count, moments.Mean, moments.Std, drawn.Recognized?.Share, drawn.Recognized?.Samples.Count, isBest)
        {
            Rewards = pictures.Rewards,
            Parts = pictures.Parts?.ToDictionary(part => part.Key, part => RewardMoments.Of([.. part.Value]), StringComparer.Ordinal),
        };
        Metrics.Append(line);
        Events.Append(line);
        _evaluations.Report(line);
        _evaluated.Add(line);
        Latest = pictures;
    }

    /// <summary>Writes a checkpoint and the weights as the run's result.</summary>
    public void WriteResult(Trainer trainer)
    {
        Save(trainer);
        Write(TrainingResult.Of(_run.Folder, _config).Path, trainer.UpdatesDone);
    }

    private MetricsLog Metrics => _metrics ?? throw new InvalidOperationException($"Call {nameof(Start)} first.");

    private TensorBoardLog Events => _events ?? throw new InvalidOperationException($"Call {nameof(Start)} first.");

    private int? UpdatesOfBestEvaluation => _evaluated.LastOrDefault(line => line.IsBest)?.Update;

    /// <summary>How many updates made what is in <c>best/</c>; null where there is none that can be read.</summary>
    private int? UpdatesOfBest() => AdapterProvenance.TryRead(_run.Folder.Best)?.Updates;

    /// <summary>The best weights are missing, or of updates that are dropped: that of the best of those that stay takes its place, where its checkpoint was kept.</summary>
    private void GoBackToEarlierBest()
    {
        if (UpdatesOfBestEvaluation is { } update && _checkpoints.TryLoad(update) is { } kept)
        {
            using var checkpoint = kept;
            Write(_run.Folder.Best, update, checkpoint);
        }
        else if (UpdatesOfBest() > (_saved ?? -1))
        {
            FileChanges.Delete(_run.Folder.Best);
        }
    }

    /// <summary>Writes the weights as they are, or as they were at <paramref name="checkpoint"/>, for people to use.</summary>
    private void Write(string folder, int update, LoadedCheckpoint? checkpoint = null)
    {
        _run.RequireFolder();
        var provenance = _provenance with { Updates = update, Reward = _evaluated.LastOrDefault(line => line.Update == update)?.RewardMean };
        _weights.Save(folder, provenance, checkpoint is null ? null : checkpoint.Tensor);
    }

    private sealed record Drawn(ImageBatch Images, RecognizedShare? Recognized);

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics?.Dispose();
        _events?.Dispose();
    }
}

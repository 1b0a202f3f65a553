using System.Text.Json;
using Rlcm.Checkpoints;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Models;
using Rlcm.Models.Hub;
using Rlcm.Models.Lora;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Training;

/// <summary>Who is told of what a session does.</summary>
/// <param name="Updates">Every update.</param>
/// <param name="Evaluations">Every evaluation.</param>
/// <param name="Reports">Every part of the report before and of that after.</param>
public sealed record TrainingReporters(IProgress<UpdateMetrics> Updates, IProgress<EvaluationMetrics> Evaluations, IProgress<PartialReport> Reports);

/// <summary>A part of a run's report, as soon as it is there.</summary>
/// <param name="IsTuned">Whether the model is tuned.</param>
/// <param name="Horizon">How it does at one number of steps.</param>
public sealed record PartialReport(bool IsTuned, HorizonReport Horizon);

/// <summary>The evaluation pictures before and after.</summary>
/// <param name="Prompts">[N].</param>
/// <param name="Before">Of the untuned model.</param>
/// <param name="After">Of the tuned model.</param>
/// <param name="Report">The figures.</param>
public sealed record TrainingOutcome(IReadOnlyList<string> Prompts, EvaluatedPictures Before, EvaluatedPictures After, EvaluationReport Report);

/// <summary>A whole run from configuration to adapter or model: loads, checks itself, evaluates, trains, evaluates, saves.</summary>
public sealed class TrainingSession : IDisposable
{
    private readonly TrainConfig _config;
    private readonly EvaluationScope _scope;
    private readonly TextToImageModel _model;
    private readonly ConfiguredPolicies _policies;
    private readonly IStepPolicy _policy;
    private readonly ITrainedWeights _weights;
    private readonly TrainingReward _reward;
    private readonly bool _isOwnReward; // and disposed with the session
    private readonly IReadOnlyList<string> _prompts;
    private readonly EncodedPrompts _encoded;
    private readonly IReadOnlyList<string> _evaluationPrompts;
    private readonly PolicyEvaluator _evaluator;

    /// <summary>Loads everything that <paramref name="config"/> names.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="reward">What is to be raised, in place of the configuration's task; null: that of the task.</param>
    /// <param name="retried">Told where the task's reward server has to be asked again; null: nobody.</param>
    /// <param name="scope">How much is measured of the model; null: everything.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged or does not fit.</exception>
    public TrainingSession(TrainConfig config, TrainingReward? reward = null, IProgress<RewardRetry>? retried = null, EvaluationScope? scope = null)
    {
        (_config, _scope) = (config, scope ?? EvaluationScope.Full);
        if (config.Threads > 0)
            torch.set_num_threads(config.Threads);
        var target = ComputeTarget.Find(config.Device, config.Dtype);
        _isOwnReward = reward is null;
        _reward = reward ?? RewardFactory.CreateForTraining(config, retried);
        _prompts = PromptFile.Read(ShippedFiles.Require(config.Prompts, "prompts"));
        _evaluationPrompts = PromptFile.Read(ShippedFiles.Require(config.EvaluationPrompts, "evaluationPrompts"));
        ModelFolder = ModelLocation.Find(config.Model);
        _model = TextToImageModel.Load(ModelFolder, config.LcmLora is null ? null : ShippedFiles.Require(config.LcmLora, "lcmLora"));
        _model.MoveTo(target);
        _model.Unet.GradientCheckpointing = config.GradientCheckpointing;
        _model.Tiling = config.VaeTiling ? Tiling.Default : null;
        _policies = new(config, _model);
        _policy = _policies.ForTraining();
        _weights = config.TrainedWeights == TrainedWeights.Unet
            ? new TunedUnet(_model, Models.ModelFolder.Open(ModelFolder).Tokenizer)
            : LoraAdapters.Create(_model.Unet, config.LoraTargets, config.LoraRank, config.LoraAlpha, config.Seed);
        _encoded = new(_policy.Encode);
        _encoded.Add(_prompts);
        _evaluator = new(_policies.ForPictures, _reward, _encoded, _evaluationPrompts, _prompts.ToHashSet(StringComparer.Ordinal), FindRecognizer(), config.SamplingBatch, _scope);
    }

    /// <summary>Where the base model lies.</summary>
    public string ModelFolder { get; }

    /// <summary>Trains.</summary>
    /// <param name="run">The run to begin or to continue.</param>
    /// <param name="reporters">Told of progress.</param>
    /// <param name="time">Time of the TensorBoard events.</param>
    /// <param name="stop">Stops after the current update; what it trained is saved all the same.</param>
    /// <returns>The pictures and figures, or null when the run was stopped early.</returns>
    /// <exception cref="OperationCanceledException">Stopped before the first update of this session; there is nothing to save.</exception>
    public TrainingOutcome? Run(TrainingRun run, TrainingReporters reporters, TimeProvider time, CancellationToken stop)
    {
        using var recorder = new RunRecorder(_config, run, _evaluator, _weights, Provenance(), reporters.Updates, reporters.Evaluations, time);
        using var trainer = CreateTrainer(recorder);
        if (run.Checkpoint is { } checkpoint)
        {
            trainer.Restore(checkpoint);
            checkpoint.Dispose();
        }

        run.Start();
        recorder.Start();
        var hadScale = _reward.HasScale; // which checkpoints hold
        var before = run.Checkpoint is null || !hadScale ? EvaluateBase(stop) : null;
        var beforeReport = BeforeReport(run, before, isNew: !hadScale, reporters.Reports, stop);
        if (run.Checkpoint is null)
        {
            recorder.KeepUntuned(before!, stop);
            stop.ThrowIfCancellationRequested();
        }

        recorder.MakeUpEvaluation(trainer, stop);
        recorder.WriteBest(trainer.UpdatesDone);
        FileChanges.Delete(run.Folder.Evaluation); // of an end that is none any more
        FileChanges.Delete(run.Folder.Comparison);
        try
        {
            trainer.Run(stop);
        }
        catch (UserErrorException) when (trainer.UpdatesDone > 0 && trainer.IsCollecting)
        {
            recorder.Save(trainer); // a reward that fails costs the update that is under way and no other; after an update, the recorder sees to it
            throw;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The update that was under way is given up, or the evaluation after it.
        }

        if (trainer.UpdatesDone == 0)
            throw new OperationCanceledException(stop);
        recorder.WriteResult(trainer);
        if (trainer.UpdatesDone < _config.Updates && !recorder.IsOver)
            return null;

        try
        {
            before ??= EvaluateBase(stop);
            using var merged = _weights.Merge();
            var after = recorder.Latest ?? _evaluator.Evaluate(_config.Horizon, stop);
            var report = new EvaluationReport(_reward.Name, _reward.Unit, beforeReport, Report(isTuned: true, after, reporters.Reports, stop)) { Parts = PartScale.Of(_reward) };
            WriteGrid(run.Folder, "before.png", before);
            WriteGrid(run.Folder, "after.png", after);
            AtomicFile.Write(run.Folder.Evaluation, stream => JsonSerializer.Serialize(stream, report, EvaluationReport.JsonOptions));
            return new(_evaluationPrompts, before, after, report);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null; // all updates are saved, only the report is missing
        }
    }

    /// <summary>A training of this session's adapters that is recorded elsewhere.</summary>
    /// <param name="recorder">Told of every update.</param>
    internal Trainer CreateTrainer(ITrainingRecorder recorder) => new(_config, _policy, _weights, _reward, _prompts, _encoded, recorder);

    /// <summary>How the untuned model does; made once for a run and a scale.</summary>
    private IReadOnlyList<HorizonReport> BeforeReport(TrainingRun run, EvaluatedPictures? drawn, bool isNew, IProgress<PartialReport> reporter, CancellationToken stop)
    {
        if (!isNew && HorizonReport.TryRead(run.Folder.EvaluationBefore) is { } earlier)
            return earlier;
        using var usingBase = _weights.UseBase();
        var report = Report(isTuned: false, drawn, reporter, stop);
        AtomicFile.Write(run.Folder.EvaluationBefore, stream => JsonSerializer.Serialize(stream, report, EvaluationReport.JsonOptions));
        return report;
    }

    /// <summary>The evaluation pictures of the untuned model, which fix the scale on which a sum of rewards is reported where there is none.</summary>
    private EvaluatedPictures EvaluateBase(CancellationToken stop)
    {
        using var usingBase = _weights.UseBase();
        return _reward.HasScale ? _evaluator.Evaluate(_config.Horizon, stop) : _evaluator.FixScale(_config.Horizon, stop);
    }

    /// <summary>How the model does at each horizon; <paramref name="drawn"/> are its evaluation pictures at the run's, where they are there.</summary>
    private HorizonReport[] Report(bool isTuned, EvaluatedPictures? drawn, IProgress<PartialReport> reporter, CancellationToken stop) =>
        [.. _policies.ReportedHorizons.Where(horizon => horizon == _config.Horizon || !_scope.OwnHorizonOnly).Select(horizon =>
        {
            stop.ThrowIfCancellationRequested();
            var report = drawn is not null && horizon == _config.Horizon ? _evaluator.Report(horizon, drawn, stop) : _evaluator.Report(horizon, stop);
            reporter.Report(new(isTuned, report));
            return report;
        })];

    private static void WriteGrid(RunFolder folder, string name, EvaluatedPictures pictures) =>
        PngFile.Write(Path.Combine(folder.Images, name), ImageGrid.Compose(pictures.Images, RunRecorder.GridColumns));

    /// <summary>The start-up check, before anything is written; a reward that depends on a server comes first.</summary>
    /// <param name="reporter">Told of the results.</param>
    /// <param name="stop">Stops before the next batch.</param>
    /// <exception cref="UserErrorException">It failed, or the reward does.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public void Check(IProgress<IReadOnlyList<SelfCheckResult>> reporter, CancellationToken stop)
    {
        SelfCheckResult[] results =
        [
            .. _reward.Parts.Select(part => part.Reward).OfType<IProbedReward>().Select(probed => Probe(probed, stop)),
            .. new SelfCheck(_config, _policy, _model.BaseUnet, _weights, _prompts, _encoded).Run(stop),
        ];
        reporter.Report(results);
        if (results.FirstOrDefault(result => !result.Passed) is { } failed)
            throw new UserErrorException($"The start-up check failed: expected that {failed.Name}, found {failed.Finding}; {failed.Advice}.");
    }

    private SelfCheckResult Probe(IProbedReward reward, CancellationToken stop)
    {
        var (height, width) = (_policy.StateShape[^2] * _model.Vae.Config.SpatialFactor, _policy.StateShape[^1] * _model.Vae.Config.SpatialFactor);
        return new("the reward answers", Passed: true, RewardProbe.Ask(reward, (int)height, (int)width, _prompts[0], stop), Advice: "");
    }

    private AdapterProvenance Provenance() => new()
    {
        BaseModel = _config.Model,
        LcmLora = _config.LcmLora,
        BaseUnetSha256 = _model.UnetSha256,
        Task = _reward.Name,
        RewardUnit = _reward.Unit,
        RewardParts = _reward.IsSum ? _reward.Description : null,
        Seed = _config.Seed,
        Version = RunManifest.RlcmVersion,
    };

    /// <summary>A search in the gallery, where there is one of pictures as large as the policy's.</summary>
    private Recognizer? FindRecognizer()
    {
        var gallery = _config.Gallery is { } given ? ShippedFiles.Require(given, "gallery") : Path.Combine(ModelFolder, Gallery.FolderName);
        var fits = _policy.StateShape.Skip(1).All(side => side * _model.Vae.Config.SpatialFactor == Recognizer.PictureSize);
        if (!fits && _config.Gallery is not null)
            throw new UserErrorException($"gallery: its pictures are {Recognizer.PictureSize}x{Recognizer.PictureSize}, expected the size of the model's; leave gallery out (in a configuration: null), or draw pictures of that size.");
        return fits && Directory.Exists(gallery) ? new(Gallery.Read(gallery)) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoded.Dispose();
        _weights.Dispose();
        _model.Dispose();
        if (_isOwnReward)
            _reward.Dispose();
    }
}

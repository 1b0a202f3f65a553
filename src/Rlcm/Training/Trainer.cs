using System.Diagnostics;
using Rlcm.Checkpoints;
using Rlcm.Models;
using Rlcm.Policy;
using Rlcm.Prompts;
using Rlcm.Rewards;
using Rlcm.Rollouts;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Training;

/// <summary>
/// RLCM (Oertell et al. 2024, algorithm 1): sample pictures in a few steps, score them, turn scores into advantages, follow the clipped
/// policy gradient on the adapters, or on the whole U-Net; repeat. With the policy of a diffusion model it is DDPO (Black et al. 2024, importance sampling).
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainConfig _config;
    private readonly NetworkMeter _policy;
    private readonly ITrainedWeights _weights;
    private readonly TrainingReward _reward;
    private readonly IReadOnlyList<string> _prompts;
    private readonly EncodedPrompts _encoded;
    private readonly ITrainingRecorder _recorder;
    private readonly Adam _adam;
    private readonly PerPromptStatTracker _tracker;
    private readonly PpoSettings _ppo;
    private readonly Stopwatch _clock = new();
    private int _update;
    private long _queries;
    private double _seconds;
    private double _klCoefficient;
    private (long Sampling, long Training) _evaluations; // of the updates that are done: one that is given up is made again

    /// <param name="config">A validated configuration.</param>
    /// <param name="policy">The model as a policy.</param>
    /// <param name="weights">What is trained of it, already on its device.</param>
    /// <param name="reward">What to raise.</param>
    /// <param name="prompts">The training prompts.</param>
    /// <param name="encoded">Encodes prompts as <paramref name="policy"/> does.</param>
    /// <param name="recorder">Told of every update.</param>
    public Trainer(
        TrainConfig config, IStepPolicy policy, ITrainedWeights weights, TrainingReward reward,
        IReadOnlyList<string> prompts, EncodedPrompts encoded, ITrainingRecorder recorder)
    {
        (_config, _policy, _weights, _reward, _prompts, _encoded, _recorder) = (config, new(policy), weights, reward, prompts, encoded, recorder);
        _adam = new(weights.Parameters(), config.LearningRate) { WeightDecay = config.WeightDecay };
        _tracker = new(config.BufferSize, config.MinCount);
        _ppo = new(config.ClipRange, config.AdvantageClip, config.LogProb, policy.StateShape.Aggregate(1L, (product, side) => product * side), config.KlCoefficient, config.KlThreshold);
        _klCoefficient = config.KlCoefficient;
    }

    /// <summary>Updates done.</summary>
    public int UpdatesDone => _update;

    /// <summary>Whether an update's pictures are being drawn and scored: nothing of it has changed a weight yet.</summary>
    public bool IsCollecting { get; private set; }

    /// <summary>Trains until all updates are done, the recorder says that the run has come to its end, or <paramref name="stop"/> asks to stop after the current one.</summary>
    /// <exception cref="UserErrorException">A reward failed, or the loss is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop, and scores did not come soon: those of the current update, which is given up, or of the evaluation after it.</exception>
    public void Run(CancellationToken stop)
    {
        while (_update < _config.Updates && !_recorder.IsOver && !stop.IsCancellationRequested)
        {
            _clock.Restart();
            IsCollecting = true;
            using var rollout = Collect();
            var scores = rollout.Scores.Wait(stop);
            IsCollecting = false;
            var advantages = Advantage(rollout, _reward.Train(scores));
            var metrics = Update(rollout, scores, advantages);
            _recorder.Record(this, metrics, stop);
        }
    }

    private Rollout Collect()
    {
        using var merged = _weights.Merge();
        var trajectories = new List<Trajectory>();
        var scores = new PendingScores(_reward, _update + 1);
        try
        {
            Sample(trajectories, scores);
            return new(Trajectory.Concatenate(trajectories), scores);
        }
        catch
        {
            scores.Dispose();
            trajectories.ForEach(trajectory => trajectory.Dispose());
            throw;
        }
    }

    private void Sample(List<Trajectory> trajectories, PendingScores scores)
    {
        foreach (var batch in DrawPrompts().Index().Chunk(_config.SamplingBatch))
        {
            using var scope = NewDisposeScope();
            RolloutItem[] items = [.. batch.Select(draw => new RolloutItem(draw.Item, TrainingNoise.Of(_config, _policy.ScoredSteps[0], _update, draw.Index)))];
            var trajectory = RolloutCollector.Collect(_policy, items, _encoded.Of([.. batch.Select(draw => draw.Item)]), _config.LogProb, _adam.StepCount);
            scores.Add(trajectory.Images, trajectory.Prompts, batch[0].Index);
            var compared = Math.Clamp(ComparedWithBase() - batch[0].Index, 0, batch.Length);
            trajectories.Add(compared > 0 ? trajectory with { ReferenceMeans = ReferenceMeans(trajectory, compared) } : trajectory);
        }
    }

    /// <summary>How many pictures of an update are compared with the base model: all where the policy is held to it, else an eighth in whole groups, to log how far it has moved.</summary>
    private int ComparedWithBase() => _config.KlCoefficient > 0 ? _config.ImagesPerUpdate
        : _config.ImagesPerPrompt * ((_config.ImagesPerUpdate / _config.ImagesPerPrompt + 7) / 8);

    private Tensor ReferenceMeans(Trajectory trajectory, int count)
    {
        using var usingBase = _weights.UseBase();
        return PolicyGradient.Means(_policy, trajectory, count).DetachFromDisposeScope();
    }

    private float[] Advantage(Rollout rollout, double[] rewards)
    {
        var advantages = _config.Advantage == AdvantageKind.Grouped
            ? LeaveOneOutAdvantage.Compute(rewards, _config.GroupSize, _config.Normalize)
            : _tracker.Update(rollout.Trajectory.Prompts, rewards);
        return Array.ConvertAll(advantages, advantage => (float)advantage);
    }

    private UpdateMetrics Update(Rollout rollout, double[][] scores, float[] advantages)
    {
        var ppo = _ppo with { KlCoefficient = _klCoefficient };
        _adam.LearningRate = LearningRate();
        var losses = new List<PpoMetrics>();
        var norms = new List<double>();
        for (var epoch = 0; epoch < _config.InnerEpochs; epoch++)
        {
            foreach (var rows in Minibatches(epoch))
            {
                _adam.ZeroGrad();
                losses.Add(PolicyGradient.Accumulate(_policy, rollout.Trajectory, rows, advantages, _config.MicroBatch, ppo));
                norms.Add(GradientNorm.Clip(_adam.Parameters, _config.MaxGradNorm));
                if (!double.IsFinite(losses[^1].Loss) || !double.IsFinite(norms[^1]))
                {
                    throw new UserErrorException(
                        $"Update {_update + 1}: the loss is {losses[^1].Loss} and its gradient norm {norms[^1]}, expected finite numbers; "
                        + "start a new run with a lower learningRate, clipRange or klCoefficient.");
                }

                _adam.Step();
            }
        }

        _update++;
        _queries += advantages.Length;
        var seconds = _clock.Elapsed.TotalSeconds;
        _seconds += seconds;
        _evaluations = (_policy.Sampling, _policy.Training);
        var moments = RewardMoments.Of(_reward.Measure(scores));
        var mean = PpoMetrics.Mean(losses);
        if (_config.KlTarget is { } target)
            _klCoefficient = AdaptiveKl.Next(_klCoefficient, mean.ReferenceKl!.Value, target);
        return new(
            _update, _queries, _seconds, moments.Mean, moments.Std, advantages.Average(),
            mean.Loss, mean.RatioMean, mean.ClipFraction, mean.ApproxKl, norms.Average(), _adam.LearningRate, advantages.Length / seconds)
        {
            SamplingEvaluations = _evaluations.Sampling,
            TrainingEvaluations = _evaluations.Training,
            ReferenceKl = mean.ReferenceKl,
            KlCoefficient = ppo.KlCoefficient > 0 ? ppo.KlCoefficient : null,
            Parts = _reward.ByPart(scores)?.ToDictionary(part => part.Key, part => RewardMoments.Of([.. part.Value]), StringComparer.Ordinal),
        };
    }

    /// <summary>The prompt of each picture; the pictures of a group follow one another. Drawn with replacement, as released.</summary>
    private IEnumerable<string> DrawPrompts()
    {
        var rows = new int[_config.ImagesPerUpdate / _config.ImagesPerPrompt];
        AddressedRandom.Integers(new(_config.Seed, RandomPurpose.Prompts, _update), rows, _prompts.Count);
        return rows.SelectMany(row => Enumerable.Repeat(_prompts[row], _config.ImagesPerPrompt));
    }

    /// <summary>Rows of the pictures of each minibatch; pictures of one state stay together, for which the network is called once.</summary>
    private IEnumerable<int[]> Minibatches(int epoch) =>
        AddressedRandom.Permutation(new(_config.Seed, RandomPurpose.Shuffle, _update, epoch), _config.ImagesPerUpdate / _config.ImagesPerPrompt)
            .SelectMany(group => Enumerable.Range(group * _config.ImagesPerPrompt, _config.ImagesPerPrompt))
            .Chunk(_config.ImagesPerUpdate / _config.Minibatches);

    /// <summary>That of update u = <see cref="UpdatesDone"/> + 1 of U, as <see cref="LearningRateDecay"/> says.</summary>
    private double LearningRate() => _config.LearningRate * _config.LearningRateDecay switch
    {
        LearningRateDecay.Linear => 1 - (_update + 1) / (3.0 * _config.Updates),
        LearningRateDecay.ToZero => 1 - _update / (double)_config.Updates,
        _ => 1,
    };

    /// <summary>Writes trained weights, optimizer, statistics and counters as checkpoint number <see cref="UpdatesDone"/>.</summary>
    /// <param name="store">Where to.</param>
    /// <param name="identity">What the run's numbers depend on.</param>
    /// <param name="keep">Numbers of earlier checkpoints that must stay.</param>
    public void Save(CheckpointStore store, RunIdentity identity, IReadOnlyCollection<long> keep) =>
        store.Save(_update, Tensors(), new TrainingState(_update, _queries, _seconds, _adam.StepCount, _tracker.Export(), identity)
        {
            Sum = _reward.Export(),
            SamplingEvaluations = _evaluations.Sampling,
            TrainingEvaluations = _evaluations.Training,
            KlCoefficient = _config.KlTarget is null ? null : _klCoefficient,
        }, keep);

    /// <summary>Continues from a checkpoint.</summary>
    /// <exception cref="UserErrorException">It does not fit the weights.</exception>
    public void Restore(LoadedCheckpoint checkpoint)
    {
        var state = checkpoint.State<TrainingState>();
        checkpoint.CopyTo(Tensors());
        _tracker.Import(state.Rewards);
        _reward.Import(state.Sum);
        if (_config.KlTarget is not null)
            _klCoefficient = state.KlCoefficient ?? _config.KlCoefficient;
        _adam.StepCount = state.AdamSteps;
        _evaluations = (state.SamplingEvaluations ?? 0, state.TrainingEvaluations ?? 0);
        (_policy.Sampling, _policy.Training) = _evaluations;
        (_update, _queries, _seconds) = (state.Update, state.Queries, state.Seconds);
    }

    private Dictionary<string, Tensor> Tensors() => _weights.Parameters().Select(entry => (Key: entry.Name, Value: (Tensor)entry.Value))
        .Concat(_adam.State()).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _adam.Dispose();
}

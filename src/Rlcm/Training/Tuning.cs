using Rlcm.Rewards;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Training for a reward of your own, in one call: what <c>rlcm train</c> does, without its terminal and plots.</summary>
public static class Tuning
{
    /// <summary>The task of a run whose reward is a program's own.</summary>
    public const string Task = "custom";

    /// <summary>
    /// Tunes the model of <paramref name="config"/> for <paramref name="reward"/> and leaves metrics, pictures, checkpoints and the adapter, or the model, in
    /// <paramref name="output"/>. Where a run was begun there, it is continued, to the same bytes as an undisturbed one.
    /// </summary>
    /// <param name="reward">What is to be raised.</param>
    /// <param name="config">The configuration, such as <c>TrainConfigReader.Read("quick", [], [])</c>; its task does not matter.</param>
    /// <param name="output">The run's folder, new or that of the run to continue.</param>
    /// <param name="progress">Told of every update; null: nobody.</param>
    /// <param name="stop">Stops after the current update; the run can be continued.</param>
    /// <returns>Figures and pictures before and after; null where it was stopped.</returns>
    /// <exception cref="UserErrorException">Something that the configuration names is missing or damaged, keys do not go together, the start-up check or the reward fails, or a run in the folder would not go on as it was begun.</exception>
    /// <exception cref="IOException">The disk is full or fails; the last checkpoint is safe.</exception>
    public static TrainingOutcome? Run(IReward reward, TrainConfig config, string output, IProgress<UpdateMetrics>? progress = null, CancellationToken stop = default) =>
        Run(TrainingReward.Of(reward), config, output, progress, stop);

    /// <summary>As the other, for a weighted sum of rewards, which <see cref="TrainingReward"/> describes.</summary>
    /// <param name="parts">The rewards with their weights and limits; their names differ.</param>
    /// <param name="config">The configuration; its task does not matter.</param>
    /// <param name="output">The run's folder, new or that of the run to continue.</param>
    /// <param name="progress">Told of every update; null: nobody.</param>
    /// <param name="stop">Stops after the current update; the run can be continued.</param>
    /// <returns>Figures and pictures before and after; null where it was stopped.</returns>
    /// <exception cref="UserErrorException">As the other, and where the parts make no sum.</exception>
    /// <exception cref="IOException">The disk is full or fails; the last checkpoint is safe.</exception>
    public static TrainingOutcome? Run(IReadOnlyList<RewardPart> parts, TrainConfig config, string output, IProgress<UpdateMetrics>? progress = null, CancellationToken stop = default) =>
        Run(TrainingReward.Sum(parts), config, output, progress, stop);

    private static TrainingOutcome? Run(TrainingReward reward, TrainConfig config, string output, IProgress<UpdateMetrics>? progress, CancellationToken stop)
    {
        var own = RewardRules.Forget(config) with { Task = Task, CustomReward = reward.Description };
        if (TrainConfigRules.Check(own).FirstOrDefault() is { } conflict)
            throw new UserErrorException($"{conflict.Keys[0]}: {conflict.Message}.");
        try
        {
            return RunOwn(reward, own, output, progress ?? new Ignored<UpdateMetrics>(), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null; // before an update
        }
    }

    private static TrainingOutcome? RunOwn(TrainingReward reward, TrainConfig own, string output, IProgress<UpdateMetrics> progress, CancellationToken stop)
    {
        var time = TimeProvider.System;
        var commandLine = Environment.GetCommandLineArgs();
        using var continued = Path.Exists(Path.Combine(output, RunFolder.ConfigName)) ? TrainingRun.Continue(output, own, new(), commandLine, time) : null;
        using var session = new TrainingSession(own, reward);
        session.Check(new Ignored<IReadOnlyList<SelfCheckResult>>(), stop);
        using var begun = continued is null ? TrainingRun.Begin(output, own, commandLine, time) : null;
        return session.Run((continued ?? begun)!, new(progress, new Ignored<EvaluationMetrics>(), new Ignored<PartialReport>()), time, stop);
    }

    private sealed class Ignored<T> : IProgress<T>
    {
        public void Report(T value)
        {
            // Nobody wants to know.
        }
    }
}

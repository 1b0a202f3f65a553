namespace Rlcm.Training;

/// <summary>What happens with the result of every update: logs, evaluations, checkpoints.</summary>
public interface ITrainingRecorder
{
    /// <summary>Called at the end of every update, while the trainer stands still.</summary>
    void Record(Trainer trainer, UpdateMetrics metrics);
}

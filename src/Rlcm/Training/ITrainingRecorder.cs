namespace Rlcm.Training;

/// <summary>What happens with the result of every update: logs, evaluations, checkpoints.</summary>
public interface ITrainingRecorder
{
    /// <summary>Whether the run has come to its end before its updates.</summary>
    bool IsOver => false;

    /// <summary>Called at the end of every update, while the trainer stands still.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="metrics">What the update did.</param>
    /// <param name="stop">Asks to stop after the update.</param>
    /// <exception cref="Runtime.UserErrorException">A reward failed; the update itself is whole.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop, and scores did not come soon.</exception>
    void Record(Trainer trainer, UpdateMetrics metrics, CancellationToken stop);
}

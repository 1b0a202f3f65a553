using Rlcm.Rollouts;

namespace Rlcm.Training;

/// <summary>All pictures of one update, with the scores that were asked for while later batches were still being sampled.</summary>
/// <param name="Trajectory">The pictures and how they came about.</param>
/// <param name="Scores">Their scores, which may be on their way.</param>
internal sealed record Rollout(Trajectory Trajectory, PendingScores Scores) : IDisposable
{
    public void Dispose()
    {
        Scores.Dispose();
        Trajectory.Dispose();
    }
}

using Rlcm.Rollouts;

namespace Rlcm.Training;

/// <summary>All pictures of one update, with the scores that were asked for while later batches were still being sampled.</summary>
/// <param name="Trajectory">The pictures and how they came about.</param>
/// <param name="Scores">Pending scores of each sampling batch, in order.</param>
internal sealed record Rollout(Trajectory Trajectory, IReadOnlyList<Task<float[]>> Scores) : IDisposable
{
    public void Dispose() => Trajectory.Dispose();
}

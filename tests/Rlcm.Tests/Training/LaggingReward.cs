using Rlcm.Imaging;
using Rlcm.Rewards;

namespace Rlcm.Tests.Training;

/// <summary>Gives no score of a batch before as many batches as an update has were handed in.</summary>
/// <param name="batches">Sampling batches of an update.</param>
internal sealed class LaggingReward(int batches) : IReward
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _pending;

    public string Name => "lagging";

    public string Unit => "points";

    public int MostAtATime { get; private set; }

    public async Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        Task others;
        lock (_lock)
        {
            MostAtATime = Math.Max(MostAtATime, ++_pending);
            others = _next.Task;
            if (_pending == batches)
            {
                _next.SetResult();
                (_next, _pending) = (new(TaskCreationOptions.RunContinuationsAsynchronously), 0);
            }
        }

        await others.WaitAsync(TimeSpan.FromMinutes(2), cancellationToken);
        return [.. Enumerable.Range(0, images.Count).Select(index => (float)index)];
    }
}

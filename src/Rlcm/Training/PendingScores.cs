using Rlcm.Imaging;
using Rlcm.Rewards;

namespace Rlcm.Training;

/// <summary>The scores of one update's pictures, which are computed while later batches are still being sampled. Where one fails, the others are given up.</summary>
/// <param name="reward">Who scores.</param>
/// <param name="update">The update's number from 1, for messages.</param>
internal sealed class PendingScores(TrainingReward reward, int update) : IDisposable
{
    private readonly CancellationTokenSource _giveUp = new();
    private readonly List<Task<float[][]>> _batches = [];

    /// <summary>Begins to score a batch of pictures.</summary>
    /// <param name="images">N pictures.</param>
    /// <param name="prompts">[N].</param>
    /// <param name="offset">Index of the first picture in the update.</param>
    public void Add(ImageBatch images, IReadOnlyList<string> prompts, int offset) => _batches.Add(Task.Run(() => ScoreAsync(images, prompts, offset)));

    /// <summary>All scores, [P][N]: of each part of the reward, in the order of the pictures.</summary>
    /// <param name="stop">Gives them up, but for those that come soon.</param>
    /// <exception cref="Runtime.UserErrorException">The reward failed.</exception>
    /// <exception cref="OperationCanceledException">They were given up.</exception>
    public double[][] Wait(CancellationToken stop)
    {
        using var asked = _giveUp.CancelSoonAfter(stop);
        var batches = Task.WhenAll(_batches).GetAwaiter().GetResult();
        return [.. Enumerable.Range(0, reward.Parts.Count).Select(part => batches.SelectMany(batch => batch[part]).Select(score => (double)score).ToArray())];
    }

    private async Task<float[][]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, int offset)
    {
        try
        {
            return await reward.ScoreAsync(images, prompts, $"update {update}", offset, _giveUp.Token);
        }
        catch
        {
            await _giveUp.CancelAsync();
            throw;
        }
    }

    /// <summary>Gives up what is still being scored and waits for its end: afterwards the reward may be disposed.</summary>
    public void Dispose()
    {
        _giveUp.Cancel();
        Task.WhenAll(_batches).ContinueWith(static _ => { }, TaskScheduler.Default).Wait(); // failures were told by Wait
        _giveUp.Dispose();
    }
}

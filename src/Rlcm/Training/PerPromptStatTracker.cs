namespace Rlcm.Training;

/// <summary>The tracker's whole state as plain data, for checkpoints.</summary>
/// <param name="Rewards">The rewards kept for each prompt, oldest first; in ordinal order of the prompts.</param>
public sealed record PerPromptStatTrackerState(IReadOnlyDictionary<string, double[]> Rewards);

/// <summary>
/// Advantages by per-prompt running mean and standard deviation (Black et al. 2023; ddpo-pytorch's <c>PerPromptStatTracker</c>):
/// a FIFO of the last rewards of each prompt. Until a prompt's FIFO holds enough, this batch's statistics stand in.
/// </summary>
public sealed class PerPromptStatTracker
{
    private readonly int _bufferSize;
    private readonly int _minCount;
    private readonly Dictionary<string, Queue<double>> _rewards = new(StringComparer.Ordinal);

    /// <summary>Creates an empty tracker.</summary>
    /// <param name="bufferSize">How many rewards are kept for each prompt.</param>
    /// <param name="minCount">How many a prompt needs before its own statistics count; above the buffer size they never do.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive.</exception>
    public PerPromptStatTracker(int bufferSize, int minCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bufferSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minCount);
        (_bufferSize, _minCount) = (bufferSize, minCount);
    }

    /// <summary>Takes in one batch and returns (reward - mean) / (std + 1e-6) for each, the batch itself being part of the statistics.</summary>
    /// <param name="prompts">[N].</param>
    /// <param name="rewards">[N], finite.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a reward is not finite.</exception>
    public double[] Update(IReadOnlyList<string> prompts, ReadOnlySpan<double> rewards)
    {
        if (prompts.Count != rewards.Length)
            throw new ArgumentException($"Expected a reward for each of {prompts.Count} prompts, found {rewards.Length}.", nameof(rewards));
        for (var i = 0; i < rewards.Length; i++)
        {
            if (!double.IsFinite(rewards[i]))
                throw new ArgumentException($"Reward {i} is {rewards[i]}.", nameof(rewards));
        }

        for (var i = 0; i < rewards.Length; i++)
            Append(prompts[i], rewards[i]);

        var ofBatch = RewardMoments.Of(rewards);
        var ofPrompts = new Dictionary<string, RewardMoments>(StringComparer.Ordinal);
        var advantages = new double[rewards.Length];
        for (var i = 0; i < advantages.Length; i++)
        {
            if (!ofPrompts.TryGetValue(prompts[i], out var moments))
            {
                var kept = _rewards[prompts[i]];
                moments = kept.Count < _minCount ? ofBatch : RewardMoments.Of([.. kept]);
                ofPrompts.Add(prompts[i], moments);
            }

            advantages[i] = (rewards[i] - moments.Mean) / moments.Divisor;
        }

        return advantages;
    }

    /// <summary>A copy of the state.</summary>
    public PerPromptStatTrackerState Export() =>
        new(new SortedDictionary<string, double[]>(_rewards.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray()), StringComparer.Ordinal));

    /// <summary>Replaces the state by one exported earlier; of each prompt the newest rewards that fit are kept.</summary>
    public void Import(PerPromptStatTrackerState state)
    {
        _rewards.Clear();
        foreach (var (prompt, rewards) in state.Rewards)
        {
            foreach (var reward in rewards)
                Append(prompt, reward);
        }
    }

    private void Append(string prompt, double reward)
    {
        if (!_rewards.TryGetValue(prompt, out var kept))
            _rewards.Add(prompt, kept = new Queue<double>(_bufferSize));
        if (kept.Count == _bufferSize)
            kept.Dequeue();
        kept.Enqueue(reward);
    }
}

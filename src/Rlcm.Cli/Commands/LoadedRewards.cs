using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Rewards.Remote;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>The rewards of an evaluation and the CLIP by which pictures differ.</summary>
internal sealed class LoadedRewards : IDisposable
{
    private readonly List<IReward> _rewards = [];

    /// <param name="configs">A configuration for each reward.</param>
    /// <param name="clip">The folder of the CLIP.</param>
    /// <param name="retried">Told where a server has to be asked again.</param>
    /// <exception cref="UserErrorException">Something that they are made of is missing, damaged or not supported.</exception>
    public LoadedRewards(IEnumerable<TrainConfig> configs, string clip, IProgress<RewardRetry> retried)
    {
        try
        {
            foreach (var config in configs)
                _rewards.Add(RewardFactory.Create(config, retried));
            Clip = ClipFolder.Load(ShippedFiles.Require(clip, "the CLIP model"), withTexts: false);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The rewards, in order.</summary>
    public IReadOnlyList<IReward> All => _rewards;

    /// <summary>The CLIP; null only where loading failed.</summary>
    public ClipFolder? Clip { get; }

    /// <summary>Asks those that depend on a server for the score of one grey picture.</summary>
    /// <param name="pictureSize">Height and width of the picture.</param>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="stop">Gives it up.</param>
    /// <exception cref="UserErrorException">One fails.</exception>
    public void Probe(int pictureSize, string prompt, CancellationToken stop)
    {
        foreach (var reward in _rewards.OfType<IProbedReward>())
            RewardProbe.Ask(reward, pictureSize, pictureSize, prompt, stop);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reward in _rewards)
            (reward as IDisposable)?.Dispose();
        Clip?.Dispose();
    }
}

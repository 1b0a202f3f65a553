using Rlcm.Models.Clip;
using Rlcm.Rewards;
using Rlcm.Runtime;
using Rlcm.Training;

namespace Rlcm.Cli.Commands;

/// <summary>The rewards of an evaluation and the CLIP by which pictures differ.</summary>
internal sealed class LoadedRewards : IDisposable
{
    private readonly List<IReward> _rewards = [];

    /// <param name="configs">A configuration for each reward.</param>
    /// <param name="clip">The folder of the CLIP.</param>
    /// <exception cref="UserErrorException">Something that they are made of is missing, damaged or not supported.</exception>
    public LoadedRewards(IEnumerable<TrainConfig> configs, string clip)
    {
        try
        {
            foreach (var config in configs)
                _rewards.Add(RewardFactory.Create(config));
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

    /// <summary>The CLIP; null where there is none.</summary>
    public ClipFolder? Clip { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var reward in _rewards)
            (reward as IDisposable)?.Dispose();
        Clip?.Dispose();
    }
}

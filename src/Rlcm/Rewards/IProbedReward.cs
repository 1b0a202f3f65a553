namespace Rlcm.Rewards;

/// <summary>A reward that depends on something outside of this process: before a run begins it is asked for the score of one grey picture (<see cref="RewardProbe"/>), so that what is not there is found out at once.</summary>
public interface IProbedReward : IReward
{
    /// <summary>What it depends on, for messages, such as <c>the reward server http://127.0.0.1:8700/</c>.</summary>
    string Source { get; }
}

namespace Rlcm.Rewards.Remote;

/// <summary>A request to a reward server failed and is about to be repeated.</summary>
/// <param name="Message">What happened and what follows, one sentence.</param>
public sealed record RewardRetry(string Message);

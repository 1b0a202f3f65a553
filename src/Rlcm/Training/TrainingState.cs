namespace Rlcm.Training;

/// <summary>Everything of a run that is not a tensor. Random numbers need no state: every one has an address.</summary>
/// <param name="Update">Updates done.</param>
/// <param name="Queries">Pictures scored for training.</param>
/// <param name="Seconds">Time spent on training, without evaluations.</param>
/// <param name="AdamSteps">Optimizer steps done.</param>
/// <param name="Rewards">The per-prompt buffers.</param>
public sealed record TrainingState(int Update, long Queries, double Seconds, long AdamSteps, PerPromptStatTrackerState Rewards);

using Rlcm.Rewards;
using Rlcm.Runtime;

namespace Rlcm.Training;

/// <summary>Everything of a run that is not a tensor. Random numbers need no state: every one has an address.</summary>
/// <param name="Update">Updates done; with the configuration it gives the learning rate, too.</param>
/// <param name="Queries">Pictures scored for training.</param>
/// <param name="Seconds">Time spent on training, without evaluations.</param>
/// <param name="AdamSteps">Optimizer steps done.</param>
/// <param name="Rewards">The per-prompt buffers.</param>
/// <param name="Identity">The configuration, and what else the run's numbers depend on.</param>
public sealed record TrainingState(int Update, long Queries, double Seconds, long AdamSteps, PerPromptStatTrackerState Rewards, RunIdentity Identity)
{
    /// <summary>What a sum of rewards has seen; null for a single reward.</summary>
    public TrainingRewardState? Sum { get; init; }

    /// <summary>U-Net evaluations without gradient so far; null in checkpoints of versions that did not count them.</summary>
    public long? SamplingEvaluations { get; init; }

    /// <summary>U-Net evaluations with gradient so far; null in checkpoints of versions that did not count them.</summary>
    public long? TrainingEvaluations { get; init; }

    /// <summary>Weight of the divergence from the base model in the next update; null where it is fixed.</summary>
    public double? KlCoefficient { get; init; }
}

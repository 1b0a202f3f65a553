using Rlcm.Rollouts;

namespace Rlcm.Training;

/// <summary>Which noise the pictures of an update have.</summary>
internal static class TrainingNoise
{
    /// <summary>That of picture <paramref name="index"/> of update <paramref name="update"/>; groups branch before step <paramref name="firstScoredStep"/> where they do.</summary>
    public static RolloutNoise Of(TrainConfig config, int firstScoredStep, long update, int index) => config.GroupNoise == GroupNoise.Branched
        ? RolloutNoise.Branching(config.Seed, update, root: index - index % config.ImagesPerPrompt, firstScoredStep, index)
        : RolloutNoise.Training(config.Seed, update, index);
}

namespace Rlcm.Training;

/// <summary>What the batch sizes of a configuration amount to; every division has been checked.</summary>
/// <param name="PromptsPerUpdate">Prompts drawn for an update: one for each group of images, or one for each image.</param>
/// <param name="SamplingBatches">Batches that the images of an update are sampled in.</param>
/// <param name="ImagesPerOptimizerStep">Images of a minibatch.</param>
/// <param name="MicroBatches">Backward batches accumulated for an optimizer step.</param>
/// <param name="OptimizerSteps">Optimizer steps of the whole run.</param>
/// <param name="ScoredSteps">Transitions of an image that are trained.</param>
/// <param name="RewardQueries">Pictures scored for training in the whole run; evaluations come on top.</param>
public sealed record BatchArithmetic(
    int PromptsPerUpdate, int SamplingBatches, int ImagesPerOptimizerStep, int MicroBatches, long OptimizerSteps, int ScoredSteps, long RewardQueries)
{
    /// <summary>The arithmetic of <paramref name="config"/>.</summary>
    public static BatchArithmetic Of(TrainConfig config) => new(
        config.ImagesPerUpdate / config.ImagesPerPrompt,
        config.ImagesPerUpdate / config.SamplingBatch,
        config.ImagesPerUpdate / config.Minibatches,
        config.ImagesPerUpdate / config.Minibatches / config.MicroBatch,
        (long)config.Updates * config.InnerEpochs * config.Minibatches,
        config.ScoredSteps ?? AlgorithmRules.MostScoredSteps(config),
        (long)config.Updates * config.ImagesPerUpdate);
}

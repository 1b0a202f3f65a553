namespace Rlcm.Pretraining;

/// <summary>Where a stage stands after a step.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Images">Pictures shown so far, over all sessions.</param>
/// <param name="Loss">Loss of this step.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="ImagesPerSecond">Mean rate of this session.</param>
/// <param name="Remaining">Estimated time to the end.</param>
/// <param name="IsSaved">Whether a checkpoint, and with it the losses until here, was written just now.</param>
public readonly record struct PretrainingProgress(
    string Stage, long Step, long Steps, long Images, double Loss, double LearningRate, double ImagesPerSecond, TimeSpan Remaining, bool IsSaved);

using Rlcm.Datasets;

namespace Rlcm.Evaluation;

/// <summary>How much a run measures of its model: the recognized share costs more pictures than all evaluation prompts.</summary>
/// <param name="Animals">How many of the 45 animals are drawn, in every style; evenly spread over their list.</param>
/// <param name="Seeds">Pictures of each animal and style in the reports before and after; evaluations have one.</param>
/// <param name="OwnHorizonOnly">Whether the reports are of the training horizon alone.</param>
public sealed record EvaluationScope(int Animals, int Seeds, bool OwnHorizonOnly)
{
    /// <summary>All animals, and every horizon that users may choose.</summary>
    public static EvaluationScope Full { get; } = new(AnimalTable.Words.Count, Seeds: 2, OwnHorizonOnly: false);

    /// <summary>The animals that are drawn, in the order of their list.</summary>
    public IReadOnlyList<string> Words => [.. Enumerable.Range(0, Animals).Select(index => AnimalTable.Words[index * AnimalTable.Words.Count / Animals])];
}

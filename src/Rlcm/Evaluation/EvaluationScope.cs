using Rlcm.Datasets;

namespace Rlcm.Evaluation;

/// <summary>How much a run measures of its model: the recognized share costs more pictures than all evaluation prompts.</summary>
/// <param name="Animals">How many of the 45 animals are drawn; evenly spread over their list.</param>
/// <param name="Styled">Whether they are asked for in every style, or by their names alone.</param>
/// <param name="EvaluationSeeds">Pictures of each of these prompts in an evaluation.</param>
/// <param name="ReportSeeds">The same in the reports before and after.</param>
/// <param name="OwnHorizonOnly">Whether the reports are of the training horizon alone.</param>
public sealed record EvaluationScope(int Animals, bool Styled, int EvaluationSeeds, int ReportSeeds, bool OwnHorizonOnly)
{
    /// <summary>All animals, and every horizon that users may choose.</summary>
    public static EvaluationScope Full { get; } = new(AnimalTable.Words.Count, Styled: true, EvaluationSeeds: 1, ReportSeeds: 2, OwnHorizonOnly: false);

    /// <summary>The prompts of the animals that are drawn, in the order of their list.</summary>
    public IReadOnlyList<AnimalPrompt> Prompts => Styled ? AnimalPrompt.Styled(Words) : AnimalPrompt.Named(Words);

    private IEnumerable<string> Words => Enumerable.Range(0, Animals).Select(index => AnimalTable.Words[index * AnimalTable.Words.Count / Animals]);
}

namespace Rlcm.Pretraining;

/// <summary>What a distillation needs beyond the common settings.</summary>
/// <param name="Training">How long and how fast.</param>
/// <param name="TokenizerFolder">The tokenizer's files, saved with the model.</param>
/// <param name="SamplePrompts">Prompts of the sample pictures.</param>
public sealed record DistillationSettings(PretrainingSettings Training, string TokenizerFolder, IReadOnlyList<string> SamplePrompts)
{
    /// <summary>Smallest guidance scale that the student learns; 1 is no guidance.</summary>
    public double MinGuidance { get; init; } = 1;

    /// <summary>Largest guidance scale that the student learns.</summary>
    public double MaxGuidance { get; init; } = 6;
}

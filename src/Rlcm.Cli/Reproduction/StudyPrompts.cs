namespace Rlcm.Cli.Reproduction;

/// <summary>The prompt files of a study.</summary>
internal static class StudyPrompts
{
    /// <summary>The paper's animals: all tasks are trained and evaluated on them.</summary>
    public const string Animals = "configs/prompts/animals-45.txt";

    /// <summary>Two of three animals, for training where unseen prompts are measured.</summary>
    public const string Trained = "configs/prompts/animals-train-30.txt";

    /// <summary>The sets that are then measured, with what they are called.</summary>
    public static readonly IReadOnlyList<(string Name, string File)> Sets =
    [
        ("trained animals", Trained),
        ("other animals", "configs/prompts/animals-held-out-15.txt"),
        ("no animals", "configs/prompts/non-animals-15.txt"),
    ];
}

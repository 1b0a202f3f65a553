namespace Rlcm.Cli.Reproduction;

/// <summary>The names of a study's parts, as <c>--part</c> takes them: those made of training runs, then the measurements.</summary>
internal static class StudyPart
{
    /// <summary>How fast a U-Net evaluation is in every arm.</summary>
    public const string Rates = "rates";

    /// <summary>The learning rates of DDPO that were tried.</summary>
    public const string LearningRates = "learning-rates";

    /// <summary>RLCM and DDPO on every task.</summary>
    public const string Main = "main";

    /// <summary>Rewards against sampling steps and seconds.</summary>
    public const string Inference = "inference";

    /// <summary>Training horizons of RLCM.</summary>
    public const string Horizon = "horizon";

    /// <summary>Prompts that were not trained on.</summary>
    public const string Generalization = "generalization";

    /// <summary>What decides RLCM's defaults.</summary>
    public const string Ablations = "ablations";

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<string> All { get; } = [Rates, LearningRates, Main, Inference, Horizon, Generalization, Ablations];
}

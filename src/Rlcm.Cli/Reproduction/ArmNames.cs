using System.Globalization;

namespace Rlcm.Cli.Reproduction;

/// <summary>Arms as people read them.</summary>
internal static class ArmNames
{
    private const string HorizonMark = "-h";

    /// <summary>The training horizon of an arm of <see cref="StudyPart.Horizon"/>.</summary>
    public static int Horizon(string arm) => arm.StartsWith($"{StudyDefinition.Rlcm}{HorizonMark}", StringComparison.Ordinal)
        ? int.Parse(arm[(StudyDefinition.Rlcm.Length + HorizonMark.Length)..], CultureInfo.InvariantCulture)
        : StudyDefinition.Horizon;

    /// <summary>RLCM or DDPO.</summary>
    public static string Algorithm(string arm) => arm.Split('-')[0].ToUpperInvariant();

    /// <summary>An arm of the comparison with DDPO.</summary>
    public static string Compared(string arm) => arm == StudyDefinition.Released ? $"{Algorithm(arm)} as released" : Algorithm(arm);

    /// <summary>What an ablation changes, such as <c>per-prompt</c>.</summary>
    public static string Change(string arm) => arm[(arm.IndexOf('-', StringComparison.Ordinal) + 1)..];
}

using System.Text;
using System.Text.RegularExpressions;
using Rlcm.Cli.Reproduction.Sections;
using Rlcm.Runtime;

namespace Rlcm.Cli.Reproduction;

/// <summary>The report: a template of text, with tables and plots in it that are made from the figures.</summary>
internal static partial class StudyReport
{
    private const string Template = "reproduction-report.md";

    /// <summary>Writes the report and its plots.</summary>
    /// <param name="context">Figures and places.</param>
    public static void Write(ReportContext context)
    {
        var sections = new Dictionary<string, Func<string>>(StringComparer.Ordinal)
        {
            ["study"] = () => Describe(context.Results),
            ["versions"] = () => Versions(context.Results),
            ["folder"] = () => context.Link(Path.Combine(context.Folder.FullPath, "runs")),
            ["command"] = () => context.CommandText,
            ["claims"] = () => WriteClaims(context.Results),
            ["discussion"] = () => File.Exists(context.Folder.Discussion) ? File.ReadAllText(context.Folder.Discussion, Encoding.UTF8).Trim() : string.Empty,
            ["training"] = () => TrainingSection.Write(context),
            ["settings"] = () => SettingsSection.Write(context),
            ["rates"] = () => RunsSection.WriteRates(context),
            ["learning-rates"] = () => AblationSection.WriteLearningRates(context),
            ["inference"] = () => InferenceSection.Write(context),
            ["horizon"] = () => HorizonSection.Write(context),
            ["generalization"] = () => GeneralizationSection.Write(context),
            ["ablations"] = () => AblationSection.Write(context),
            ["pictures"] = () => RunsSection.WritePictures(context),
            ["runs"] = () => RunsSection.Write(context),
        };
        var text = Placeholder().Replace(ReadTemplate(), place => sections[place.Groups["name"].Value]());
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(context.ReportPath))!);
        AtomicFile.Write(context.ReportPath, stream => stream.Write(Encoding.UTF8.GetBytes(BlankLines().Replace(text, "\n\n"))));
    }

    private static string ReadTemplate()
    {
        using var stream = typeof(StudyReport).Assembly.GetManifestResourceStream(Template)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Describe(StudyResults results) => IsQuick(results)
        ? "This is the quick study: it shows that everything works, and is too small to conclude anything from."
        : "This is the whole study.";

    private static string Versions(StudyResults results)
    {
        string[] versions = [.. results.Runs.Select(run => run.Version).Distinct(StringComparer.Ordinal)];
        return versions.Length == 0 ? RunManifest.RlcmVersion : string.Join(", ", versions);
    }

    private static bool IsQuick(StudyResults results) => results.Study.Name == StudyDefinition.Quick.Name;

    /// <summary>Where anything is missing, or the study is the quick one, there is no verdict, only what was measured.</summary>
    private static string WriteClaims(StudyResults results)
    {
        var table = MarkdownText.Table(
            ["claim", "the paper", "measured here", "at this scale", "rule"],
            new Claims(results).All.Select(claim => (IReadOnlyList<string>)[claim.Name, claim.Paper, claim.Measured, Text(claim.Verdict, results.IsComplete && !IsQuick(results)), claim.Rule]));
        return results.IsComplete ? table : $"**The study is not finished**: {results.Runs.Count} of {results.Study.Runs.Count} runs are there"
            + $"{(results.Rates is null ? ", and without the rates minutes are those of the clock, whatever else the machine did and however long a run stood still" : "")}; rates and measurements of all models belong to it. What follows is how it stands so far, and no result.\n\n{table}";
    }

    private static string Text(Verdict verdict, bool isFinal) => (verdict, isFinal) switch
    {
        (Verdict.Holds, true) => "**holds**",
        (Verdict.DoesNotHold, true) => "**does not hold**",
        (Verdict.NotClear, true) => "**not clear**",
        (Verdict.NotMeasured, _) => "not measured",
        _ => "open",
    };

    [GeneratedRegex(@"\{\{(?<name>[a-z-]+)\}\}", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\n{3,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BlankLines();
}

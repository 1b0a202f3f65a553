using Rlcm.Comparison;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction.Sections;

/// <summary>Prompts that were not trained on.</summary>
internal static class GeneralizationSection
{
    /// <summary>The section, with its plot.</summary>
    public static string Write(ReportContext context)
    {
        var measured = context.Results.Generalization;
        if (measured.Count == 0)
            return context.Missing(StudyPart.Generalization);
        var groups = measured.GroupBy(model => model.Algorithm).OrderByDescending(same => same.Key).ToArray();
        var plot = context.Plot("generalization", "change of the reward by sets of prompts", path => StudyPlots.Bars(
            path, $"{measured[0].Task}: change by tuning on 30 animals", measured[0].Unit,
            [.. groups.SelectMany((same, color) => Enumerable.Range(0, same.First().Sets.Count).Select(set => new PlottedValue($"{ArmNames.Algorithm(same.Key)}\n{same.First().Sets[set].Prompts}", color, Change([.. same], set))))]));
        var rows = groups.SelectMany(same => Enumerable.Range(0, same.First().Sets.Count).Select(set => (IReadOnlyList<string>)
        [
            ArmNames.Algorithm(same.Key), $"{same.Count()}", same.First().Sets[set].Prompts, $"{same.First().Sets[set].Count} x {same.First().Samples}",
            MarkdownText.Number(same.Average(model => model.Sets[set].Untuned.Mean)), MarkdownText.Number(same.Average(model => model.Sets[set].Tuned.Mean)), MarkdownText.Signed(Change([.. same], set)),
        ]));
        return $"{context.Incomplete(StudyPart.Generalization)}{plot}\n\n{MarkdownText.Table(["", "seeds", "prompts", "pictures", $"untuned, {measured[0].Unit}", "tuned", "change"], rows)}";
    }

    /// <summary>Over seeds; of a single one, with the interval over its prompts.</summary>
    private static Estimate Change(IReadOnlyList<GeneralizationMeasures> models, int set) =>
        models is [var only] ? only.Sets[set].Change : SeedMean.OfValues([.. models.Select(model => model.Sets[set].Change.Mean)]);
}

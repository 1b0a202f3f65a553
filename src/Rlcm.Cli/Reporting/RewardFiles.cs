using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rlcm.Cli.Imaging;
using Rlcm.Cli.Plots;
using Rlcm.Evaluation;
using Rlcm.Imaging;
using Rlcm.Runtime;

namespace Rlcm.Cli.Reporting;

/// <summary>The folder that an evaluation by rewards leaves: <c>results.json</c>, <c>results.csv</c>, <c>results.md</c>, <c>plot.png</c>, <c>grid.png</c>.</summary>
internal static class RewardFiles
{
    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file for people, never part of a web page
    };

    /// <summary>Writes all of them or none.</summary>
    /// <exception cref="UserErrorException">The folder is there and holds something.</exception>
    public static void Write(string folder, RewardResults results) => AtomicFolder.Write(folder, files =>
    {
        AtomicFile.Write(Path.Combine(files, "results.json"), stream => JsonSerializer.Serialize(stream, Json(results), JsonOptions));
        AtomicFile.Write(Path.Combine(files, "results.csv"), stream => stream.Write(Encoding.UTF8.GetBytes(CsvTable(results))));
        AtomicFile.Write(Path.Combine(files, "results.md"), stream => stream.Write(Encoding.UTF8.GetBytes(Markdown(results))));
        PngFile.Write(Path.Combine(files, "plot.png"), RewardsBySteps.Draw(results));
        PngFile.Write(Path.Combine(files, "grid.png"), PictureTable.Compose(results.ShownPrompts, results.Pictures));
    });

    private static object Json(RewardResults results) => new
    {
        results.Conditions.Model,
        results.Conditions.Adapters,
        Prompts = results.Conditions.PromptsFile,
        PromptCount = results.Conditions.Prompts,
        results.Conditions.Samples,
        results.Conditions.Seed,
        results.Conditions.GuidanceScale,
        Version = RunManifest.RlcmVersion,
        Bootstrap.Resamples,
        Rows = results.Rows.Select(row => new
        {
            row.Model,
            row.Steps,
            Measure = row.Measure.Name,
            row.Measure.Unit,
            row.Value.Mean,
            row.Value.Interval?.Low,
            row.Value.Interval?.High,
            Change = row.Change?.Mean,
            ChangeLow = row.Change?.Interval?.Low,
            ChangeHigh = row.Change?.Interval?.High,
            Collapsed = row.IsCollapsed,
        }),
        Warnings = RewardText.Warnings(results),
    };

    private static string CsvTable(RewardResults results)
    {
        var text = new StringBuilder("model,steps,measure,unit,mean,low,high,change,change_low,change_high,collapsed\n");
        foreach (var row in results.Rows)
        {
            IEnumerable<string> numbers = ((double?[])
            [
                row.Value.Mean, row.Value.Interval?.Low, row.Value.Interval?.High, row.Change?.Mean, row.Change?.Interval?.Low, row.Change?.Interval?.High,
            ]).Select(Csv.Number);
            text.AppendJoin(',', [Csv.Text(row.Model), $"{row.Steps}", Csv.Text(row.Measure.Name), Csv.Text(row.Measure.Unit), .. numbers, row.IsCollapsed ? "true" : "false"]).Append('\n');
        }

        return text.ToString();
    }

    private static string Markdown(RewardResults results)
    {
        var conditions = results.Conditions;
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Evaluation

            {MarkdownText(conditions.Model)}, {conditions.Prompts} prompts of {MarkdownText(conditions.PromptsFile)} with {conditions.Samples} pictures each, seed {conditions.Seed}, guidance scale {conditions.GuidanceScale}.
            Means with 95 % intervals over prompts, by bootstrap; changes are against the untuned model's pictures of the same prompts and seeds.

            """));
        foreach (var adapter in conditions.Adapters)
            text.Append(CultureInfo.InvariantCulture, $"\n* {MarkdownText(adapter.Name)}: {MarkdownText(adapter.Path)}");
        foreach (var table in results.Tables)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n\n## {MarkdownText(table.Title)}\n\n| {string.Join(" | ", MeasureTable.Columns)} |\n|{string.Concat(MeasureTable.Columns.Select(_ => "---|"))}");
            foreach (var row in table.Rows)
                text.Append(CultureInfo.InvariantCulture, $"\n| {string.Join(" | ", table.Cells(row).Select(MarkdownText))} |");
        }

        text.Append("\n\n");
        foreach (var sentence in (IEnumerable<string>)[.. RewardText.Changes(results), .. RewardText.Warnings(results).Select(warning => $"**Warning:** {warning}")])
            text.Append(CultureInfo.InvariantCulture, $"* {MarkdownText(sentence)}\n");
        return text.Append("\n![every measure by steps](plot.png)\n\n![the first picture of the first prompts](grid.png)\n").ToString();
    }

    private static string MarkdownText(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}

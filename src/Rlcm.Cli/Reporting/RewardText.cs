using Rlcm.Evaluation;
using Spectre.Console;

namespace Rlcm.Cli.Reporting;

/// <summary>What an evaluation by rewards came to, in tables and sentences.</summary>
internal static class RewardText
{
    /// <summary>The table of a measure, for a terminal.</summary>
    public static Table Table(MeasureTable measure)
    {
        var table = new Table().Title(Markup.Escape(measure.Title));
        foreach (var title in MeasureTable.Columns)
            table.AddColumn(title, column => column.NoWrap = title != MeasureTable.ModelColumn);
        foreach (var row in measure.Rows)
            table.AddRow([.. measure.Cells(row).Select(Markup.Escape)]);
        return table;
    }

    /// <summary>A sentence for each adapter and number of steps: what rises and falls.</summary>
    public static IEnumerable<string> Changes(RewardResults results)
    {
        MeasureTable[] tables = [.. results.Tables];
        return results.Rows.Where(row => row.Change is not null).GroupBy(row => (row.Model, row.Steps)).Select(rows =>
            $"{rows.Key.Model} at {Steps(rows.Key.Steps)}: {string.Join("; ", rows.Select(row => Change(tables.First(table => table.Measure == row.Measure), row.Change!.Value)))}");
    }

    /// <summary>A sentence for each measure that collapsed.</summary>
    public static IEnumerable<string> Warnings(RewardResults results) => results.Tables.SelectMany(table => table.Rows.Where(row => row.IsCollapsed).Select(row =>
    {
        var before = table.Rows.First(other => other.Steps == row.Steps && other.Change is null);
        var fall = $"{row.Model} at {Steps(row.Steps)}: {row.Measure.Name} fell from {table.Number(before.Value.Mean)} to {table.Number(row.Value.Mean)}";
        return row.Measure.Kind == MeasureKind.Diversity
            ? $"{fall}, by more than half: pictures of one prompt are much alike; train less or with a higher klCoefficient."
            : $"{fall}, below nine of ten untuned pictures: look whether they still show their prompts; train less or with a higher klCoefficient.";
    }));

    private static string Change(MeasureTable table, Estimate change)
    {
        if (change.Interval is { ExcludesZero: false })
            return $"{table.Measure.Name} does not clearly change, {table.Number(change.Mean)} {table.Text(change.Interval)}";
        var (verb, size) = change.Mean < 0 ? ("falls", -change.Mean) : ("rises", change.Mean);
        Interval? interval = change.Interval is { } both && change.Mean < 0 ? new(-both.High, -both.Low) : change.Interval;
        return $"{table.Measure.Name} {verb} by {table.Number(size)} {table.Measure.Unit} {table.Text(interval)}".TrimEnd();
    }

    private static string Steps(int number) => number == 1 ? "1 step" : $"{number} steps";
}

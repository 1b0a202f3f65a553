using System.Globalization;
using Rlcm.Cli.Commands;
using Rlcm.Cli.Imaging;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reporting;

/// <summary>What an evaluation by rewards was made with.</summary>
/// <param name="Model">The model as the user calls it.</param>
/// <param name="Adapters">The adapters.</param>
/// <param name="PromptsFile">The file of the prompts.</param>
/// <param name="Prompts">Number of prompts.</param>
/// <param name="Samples">Pictures of each prompt.</param>
/// <param name="Seed">Seed of the noise.</param>
/// <param name="GuidanceScale">Guidance scale.</param>
internal sealed record RewardConditions(string Model, IReadOnlyList<NamedAdapter> Adapters, string PromptsFile, int Prompts, int Samples, ulong Seed, double GuidanceScale);

/// <summary>What an evaluation by rewards came to.</summary>
/// <param name="Conditions">What it was made with.</param>
/// <param name="Rows">All lines: model by model, of each the numbers of steps, of these the measures.</param>
/// <param name="ShownPrompts">The prompts of <paramref name="Pictures"/>.</param>
/// <param name="Pictures">The first pictures of each model and number of steps.</param>
internal sealed record RewardResults(RewardConditions Conditions, IReadOnlyList<ComparedMeasure> Rows, IReadOnlyList<string> ShownPrompts, IReadOnlyList<PictureColumn> Pictures)
{
    /// <summary>A table for each measure, its lines by number of steps and then model.</summary>
    public IEnumerable<MeasureTable> Tables => Rows.GroupBy(row => row.Measure).Select(group => new MeasureTable(group.Key, [.. group.GroupBy(row => row.Steps).SelectMany(rows => rows)]));
}

/// <summary>All lines of one measure.</summary>
/// <param name="Measure">The measure.</param>
/// <param name="Rows">By number of steps and then model.</param>
internal sealed record MeasureTable(Measure Measure, IReadOnlyList<ComparedMeasure> Rows)
{
    private const int MostDecimals = 6;
    private const double WithoutIntervals = 0.01; // of the largest mean

    private readonly int _decimals = Decimals(Rows);

    /// <summary>What is measured, with its unit.</summary>
    public string Title => $"{Measure.Name} ({Measure.Unit})";

    /// <summary>The title of the column that may be long.</summary>
    public const string ModelColumn = "model";

    /// <summary>The columns' titles.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["steps", ModelColumn, "mean", "95 %", "change", "95 %"];

    /// <summary>The cells of a line.</summary>
    public IReadOnlyList<string> Cells(ComparedMeasure row) =>
    [
        $"{row.Steps}", row.Model, Number(row.Value.Mean), Text(row.Value.Interval),
        row.Change is { } change ? Signed(change.Mean) : string.Empty, Text(row.Change?.Interval),
    ];

    /// <summary>A number with as many decimals as all of the measure have.</summary>
    public string Number(double value) => value.ToString($"F{_decimals}", CultureInfo.InvariantCulture);

    /// <summary>An interval in brackets; empty where there is none.</summary>
    public string Text(Interval? interval) => interval is { } both ? $"[{Number(both.Low)}, {Number(both.High)}]" : string.Empty;

    /// <summary>So many decimals that the narrowest interval is seen to two digits.</summary>
    private static int Decimals(IReadOnlyList<ComparedMeasure> rows)
    {
        double[] widths = [.. rows.SelectMany(row => (Interval?[])[row.Value.Interval, row.Change?.Interval]).OfType<Interval>().Select(interval => (interval.High - interval.Low) / 2).Where(width => width > 0)];
        var smallest = widths.Length > 0 ? widths.Min() : WithoutIntervals * rows.Max(row => Math.Abs(row.Value.Mean));
        return smallest > 0 ? Math.Clamp(1 - (int)Math.Floor(Math.Log10(smallest)), 0, MostDecimals) : 0;
    }

    private string Signed(double value) => Number(value) is var text && value >= 0 ? $"+{text}" : text;
}

using System.Globalization;
using System.Text;
using Rlcm.Evaluation;

namespace Rlcm.Cli.Reproduction;

/// <summary>Numbers and tables of the report.</summary>
internal static class MarkdownText
{
    /// <summary>What stands where there is nothing.</summary>
    public const string Nothing = "-";

    /// <summary>A number with three digits or so.</summary>
    public static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);

    /// <summary>A mean and its interval.</summary>
    public static string Text(Estimate estimate) => $"{Number(estimate.Mean)}{Interval(estimate, Number)}";

    /// <summary>A difference and its interval.</summary>
    public static string Signed(Estimate estimate) => $"{Sign(estimate.Mean)}{Interval(estimate, Sign)}";

    /// <summary>The same where there may be none.</summary>
    public static string Signed(Estimate? estimate) => estimate is { } known ? Signed(known) : Nothing;

    /// <summary>A share.</summary>
    public static string Percent(double? share) => share?.ToString("0 %", CultureInfo.InvariantCulture) ?? Nothing;

    /// <summary>A whole number with groups of thousands.</summary>
    public static string Count(double number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A factor.</summary>
    public static string Factor(double? factor) => factor is { } number ? $"{number.ToString("0.0", CultureInfo.InvariantCulture)}x" : Nothing;

    /// <summary>A table.</summary>
    public static string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder($"| {string.Join(" | ", columns)} |\n|{string.Concat(columns.Select(_ => "---|"))}");
        foreach (var row in rows)
            text.Append(CultureInfo.InvariantCulture, $"\n| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |");
        return text.ToString();
    }

    private static string Interval(Estimate estimate, Func<double, string> text) => estimate.Interval is { } interval ? $" [{text(interval.Low)}, {text(interval.High)}]" : string.Empty;

    private static string Sign(double value) => $"{(value >= 0 ? "+" : "-")}{Number(Math.Abs(value))}";
}

using System.Globalization;

namespace Rlcm.Cli.Reporting;

/// <summary>Cells of CSV files (RFC 4180): points in numbers wherever they are written, every digit that it takes to read the same number again.</summary>
internal static class Csv
{
    /// <summary>A text, in quotation marks where it needs them.</summary>
    public static string Text(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A number; empty where there is none.</summary>
    public static string Number(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>A whole number; empty where there is none.</summary>
    public static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? string.Empty;
}

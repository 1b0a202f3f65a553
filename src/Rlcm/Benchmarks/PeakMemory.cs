using System.Globalization;

namespace Rlcm.Benchmarks;

/// <summary>The most memory that the process has held at once (Linux: <c>VmHWM</c> of /proc/self/status).</summary>
public static class PeakMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";

    /// <summary>Whether this system tells.</summary>
    public static bool IsKnown => File.Exists(Status) && File.Exists(ClearReferences);

    /// <summary>Lets the count begin anew from what is held now.</summary>
    public static void Reset() => File.WriteAllText(ClearReferences, "5");

    /// <summary>Bytes since the process began or the last <see cref="Reset"/>.</summary>
    public static long Bytes => Read("VmHWM:");

    private static long Read(string name)
    {
        var line = File.ReadLines(Status).First(text => text.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line[name.Length..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}

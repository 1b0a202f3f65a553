namespace Rlcm.Cli.Libtorch;

/// <summary>What became of a probe.</summary>
/// <param name="Version">The version that libtorch told of itself; null where it told none, or the probe failed before.</param>
/// <param name="Failure">What failed, as part of a sentence; null where nothing did.</param>
internal sealed record ProbeResult(string? Version, string? Failure)
{
    private const string NativeError = "what():"; // how C++ writes the message of an exception that nobody caught

    private static readonly Dictionary<int, string> Signals = new()
    {
        [4] = "SIGILL",
        [6] = "SIGABRT",
        [7] = "SIGBUS",
        [8] = "SIGFPE",
        [9] = "SIGKILL",
        [11] = "SIGSEGV",
    };

    /// <summary>Reads the end of a probing process.</summary>
    /// <param name="code">Its exit code; 128 and a signal's number where a signal ended it, as .NET and shells report that.</param>
    /// <param name="output">Standard output: the version.</param>
    /// <param name="error">Standard error: what failed, in the first line.</param>
    public static ProbeResult Of(int code, string output, string error)
    {
        if (code == ExitCode.Success)
            return new(output.Trim() is { Length: > 0 } version ? version : null, null);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reason = (Array.Find(lines, line => line.StartsWith(NativeError, StringComparison.Ordinal)) ?? lines.FirstOrDefault())?.TrimEnd('.');
        if (code == ExitCode.UserError && reason is not null)
            return new(null, reason);
        var end = code > 128 ? $"it was ended by signal {Signals.GetValueOrDefault(code - 128, $"{code - 128}")}" : $"it ended with exit code {code}";
        return new(null, reason is null ? end : $"{end} ({reason})");
    }

    /// <summary>The result of a probe that was still running after <paramref name="patience"/>.</summary>
    public static ProbeResult Hung(TimeSpan patience) => new(null, $"it was still running after {patience.TotalSeconds:0.#} s");
}

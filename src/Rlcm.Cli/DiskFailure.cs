using Rlcm.Runtime;

namespace Rlcm.Cli;

/// <summary>A run that ended since a file or the disk refused, as others beside it would.</summary>
internal sealed class DiskFailureException(string message, Exception error) : UserErrorException(message, error);

/// <summary>What users read where a file or the disk refuses.</summary>
internal static class DiskFailure
{
    private const int NoSpaceOnUnix = 28; // ENOSPC
    private const int QuotaOnLinux = 122; // EDQUOT
    private const int QuotaOnMac = 69;
    private const int NoSpaceOnWindows = unchecked((int)0x80070070); // ERROR_DISK_FULL

    /// <summary>What happened, a sentence without its end.</summary>
    public static string Describe(Exception error) => $"{(IsFull(error) ? "The disk is full" : "A file or folder cannot be used")}: {Failure.FirstLine(error.Message).TrimEnd('.')}";

    /// <summary>What to do.</summary>
    public static string Remedy(Exception error) => IsFull(error) ? "make room" : "check that it is there, its permissions and the disk";

    /// <summary>What ends a run in <paramref name="folder"/>, which <paramref name="command"/> continues.</summary>
    public static DiskFailureException OfRun(Exception error, string folder, string command) => new(
        Directory.Exists(folder)
            ? $"{Describe(error)}. What the last checkpoint in {folder} holds is safe; {Remedy(error)}, then {command} continues."
            : $"The folder {folder} was deleted or renamed while it was in use; give it its name back, then {command} continues, or begin a new run.",
        error);

    private static bool IsFull(Exception error) => error is IOException { HResult: NoSpaceOnUnix or QuotaOnLinux or QuotaOnMac or NoSpaceOnWindows };
}

namespace Rlcm.Cli;

/// <summary>What users read where a file or the disk refuses.</summary>
internal static class DiskFailure
{
    private const int NoSpaceOnUnix = 28; // ENOSPC
    private const int QuotaOnUnix = 122; // EDQUOT
    private const int NoSpaceOnWindows = unchecked((int)0x80070070); // ERROR_DISK_FULL

    /// <summary>Whether there was no room.</summary>
    public static bool IsFull(Exception error) => error is IOException { HResult: NoSpaceOnUnix or QuotaOnUnix or NoSpaceOnWindows };

    /// <summary>What happened, a sentence without its end.</summary>
    public static string Describe(Exception error) => $"{(IsFull(error) ? "The disk is full" : "A file cannot be written")}: {Failure.FirstLine(error.Message).TrimEnd('.')}";

    /// <summary>What to do.</summary>
    public static string Remedy(Exception error) => IsFull(error) ? "make room" : "check the folder and its permissions";
}

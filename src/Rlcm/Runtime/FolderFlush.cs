using System.Runtime.InteropServices;

namespace Rlcm.Runtime;

/// <summary><c>fsync</c> of a folder, which .NET has for files only.</summary>
internal static partial class FolderFlush
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int IoError = 5; // EIO

    /// <summary>Forces the names in the folder <paramref name="path"/> onto the disk; nothing on Windows, whose file systems keep a journal of them.</summary>
    /// <exception cref="IOException">The disk failed. Of file systems that know no such order nothing is said.</exception>
    public static void ToDisk(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var folder = Open(path, ReadOnly);
        if (folder < 0)
            throw new IOException($"Could not open the folder '{path}': {Marshal.GetLastPInvokeErrorMessage()}.");
        var failed = Synchronize(folder) < 0 && Marshal.GetLastPInvokeError() == IoError;
        _ = Close(folder);
        if (failed)
            throw new IOException($"The disk failed at the folder '{path}'.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}

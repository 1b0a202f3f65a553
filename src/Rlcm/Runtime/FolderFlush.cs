using System.Runtime.InteropServices;

namespace Rlcm.Runtime;

/// <summary><c>fsync</c> of a folder, which .NET has for files only.</summary>
internal static partial class FolderFlush
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int NoPermission = 13; // EACCES
    private const int InvalidArgument = 22; // EINVAL

    // ENOTSUP and ENOSYS of Linux and macOS.
    private static readonly int[] NoSuchOrder = [InvalidArgument, 95, 38, 45, 78];

    /// <summary>Forces the names in the folder <paramref name="path"/> onto the disk; nothing on Windows, whose file systems keep a journal of them.</summary>
    /// <exception cref="IOException">The disk failed or is full. Nothing is said of folders that cannot be read, and of file systems that know no such order.</exception>
    public static void ToDisk(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var folder = Open(path, ReadOnly);
        var error = folder < 0 || Synchronize(folder) < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (folder >= 0)
            _ = Close(folder);
        if (error != 0 && !(folder < 0 && error == NoPermission) && !(folder >= 0 && NoSuchOrder.Contains(error)))
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}

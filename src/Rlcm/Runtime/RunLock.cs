using System.Text;

namespace Rlcm.Runtime;

/// <summary>
/// Holds a run's folder for one process, so that no second one writes to it. The system gives the lock back when the process ends, however
/// it ends: that of a dead process holds nobody up.
/// </summary>
/// <remarks>The file <c>.lock</c> is locked and <c>.pid</c> says by whom, since a locked file cannot be read everywhere. Both stay.</remarks>
public sealed class RunLock : IDisposable
{
    /// <summary>The files of a lock.</summary>
    internal static readonly IReadOnlyList<string> FileNames = [".lock", ".pid"];

    private readonly string _folder;
    private readonly FileStream _file;

    private RunLock(string folder, FileStream file) => (_folder, _file) = (folder, file);

    private static string Me => $"process {Environment.ProcessId} on {Environment.MachineName}";

    /// <summary>Takes the lock of the folder <paramref name="folder"/>, which must be there.</summary>
    /// <exception cref="UserErrorException">Another process has it, which is named; or the folder cannot be written.</exception>
    public static RunLock Take(string folder)
    {
        FileStream? file = null;
        try
        {
            file = Open(Path.Combine(folder, FileNames[0]));
            FileChanges.Delete(OwnerFile(folder)); // of a dead process, which nobody should be told to end
            AtomicFile.Write(OwnerFile(folder), stream => stream.Write(Encoding.UTF8.GetBytes(Me)));
            return new(folder, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new UserErrorException(
                file is null && IsTaken(error)
                    ? InUse(folder, OwnerOf(folder) ?? "another process").Message
                    : $"The folder {folder} cannot be written ({error.Message}); check its permissions and whether the disk is full.",
                error);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Tries a second time: whoever asks for the holder has a share of the lock for a moment.</summary>
    private static FileStream Open(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (IsTaken(error))
        {
            Thread.Sleep(50);
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
    }

    /// <summary>Who has the lock of the folder <paramref name="folder"/>, such as <c>process 12 on host</c>; null where nobody has.</summary>
    public static string? HolderOf(string folder)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, FileNames[0]), FileMode.Open, FileAccess.Read, FileShare.Read);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return IsTaken(error) ? OwnerOf(folder) ?? "another process" : null;
        }
    }

    /// <summary>What users read where the folder <paramref name="folder"/> is in use by <paramref name="holder"/>.</summary>
    internal static UserErrorException InUse(string folder, string holder) =>
        new($"The folder {folder} is in use by {holder}; wait until it ends, or have it save and stop ('kill' with its number).");

    /// <summary>Makes sure that the folder is still there and still ours.</summary>
    /// <exception cref="UserErrorException">It was deleted or renamed.</exception>
    public void RequireFolder()
    {
        if (OwnerOf(_folder) != Me)
            throw new UserErrorException($"The folder {_folder} was deleted or renamed while it was in use, so that nothing more can be saved in it; give it its name back and continue from its last checkpoint, or begin a new run.");
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _file.Dispose();

    private static bool IsTaken(Exception error) => error is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        && error.HResult is SharingViolationOnWindows or WouldBlock or WouldBlockOnMac;

    private const int SharingViolationOnWindows = unchecked((int)0x80070020); // ERROR_SHARING_VIOLATION
    private const int WouldBlock = 11; // EWOULDBLOCK of Linux
    private const int WouldBlockOnMac = 35;

    private static string OwnerFile(string folder) => Path.Combine(folder, FileNames[1]);

    private static string? OwnerOf(string folder)
    {
        try
        {
            return File.ReadAllText(OwnerFile(folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

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

    private string Path => System.IO.Path.Combine(_folder, FileNames[0]);

    /// <summary>Takes the lock of the folder <paramref name="folder"/>, which must be there.</summary>
    /// <exception cref="UserErrorException">Another process has it, which is named; or the folder cannot be written.</exception>
    public static RunLock Take(string folder)
    {
        var owner = System.IO.Path.Combine(folder, FileNames[1]);
        try
        {
            var taken = new RunLock(folder, new(System.IO.Path.Combine(folder, FileNames[0]), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            AtomicFile.Write(owner, stream => stream.Write(Encoding.UTF8.GetBytes($"process {Environment.ProcessId} on {Environment.MachineName}")));
            return taken;
        }
        catch (IOException error) when (IsTaken(error))
        {
            throw new UserErrorException($"The folder {folder} is in use by {OwnerOf(owner)}; wait until it ends, or have it save and stop ('kill' with its number).", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The folder {folder} cannot be written ({error.Message}); check its permissions and whether the disk is full.", error);
        }
    }

    /// <summary>Makes sure that the folder is still there.</summary>
    /// <exception cref="UserErrorException">It was deleted or renamed.</exception>
    public void RequireFolder()
    {
        if (!File.Exists(Path))
            throw new UserErrorException($"The folder {_folder} was deleted or renamed while it was in use, so that nothing more can be saved in it; give it its name back and continue from its last checkpoint, or begin a new run.");
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _file.Dispose();

    private static bool IsTaken(IOException error) => error is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        && error.HResult is SharingViolationOnWindows or WouldBlock or WouldBlockOnMac;

    private const int SharingViolationOnWindows = unchecked((int)0x80070020); // ERROR_SHARING_VIOLATION
    private const int WouldBlock = 11; // EWOULDBLOCK of Linux
    private const int WouldBlockOnMac = 35;

    private static string OwnerOf(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}

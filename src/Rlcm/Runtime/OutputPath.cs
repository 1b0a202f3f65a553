namespace Rlcm.Runtime;

/// <summary>Makes sure that an output can be written, before the work that it comes after; leaves nothing behind.</summary>
public static class OutputPath
{
    /// <summary><paramref name="path"/> can become a new folder or is an empty one.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="option">The option that names it, for the message.</param>
    /// <exception cref="UserErrorException">It is a file, is not empty or cannot be written.</exception>
    public static void CheckFolder(string path, string option = "--output")
    {
        if (path.Length == 0)
            throw new UserErrorException($"The output is an empty text, expected a folder; choose another {option}.");
        var full = Path.GetFullPath(path);
        if (File.Exists(full))
            throw new UserErrorException($"The output {full} is a file, expected a folder; choose another {option}.");
        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any(entry => !IsOfKilledStart(entry)))
            throw new UserErrorException($"The output folder {full} is not empty, expected a new or empty one; choose another {option} or remove the folder.");
        Probe(full, $"The output folder {full}", option);
    }

    /// <summary><paramref name="path"/> can become a file or is one, which will be replaced.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The option that names it, for the message.</param>
    /// <exception cref="UserErrorException">It is a folder or cannot be written.</exception>
    public static void CheckFile(string path, string option = "--output")
    {
        if (path.Length == 0)
            throw new UserErrorException($"The output is an empty text, expected a file; choose another {option}.");
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new UserErrorException($"The output {full} is a folder, expected a file; choose another {option}.");
        Probe(Path.GetDirectoryName(full)!, $"The output {full}", option);
    }

    /// <summary><paramref name="path"/> can become a file; nothing is there yet.</summary>
    /// <exception cref="UserErrorException">Something is there, or it cannot be written.</exception>
    public static void CheckNewFile(string path)
    {
        CheckFile(path);
        if (File.Exists(path))
            throw new UserErrorException($"The output {Path.GetFullPath(path)} is there already, expected a new file; choose another --output or remove the file.");
    }

    /// <summary>What a process leaves that was killed before it wrote anything of use.</summary>
    private static bool IsOfKilledStart(string path) => Leftovers.Is(path) || RunLock.FileNames.Contains(Path.GetFileName(path))
        || Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any() && RunFolder.Subfolders.Contains(Path.GetFileName(path));

    /// <summary>Writes into the nearest folder at or above <paramref name="folder"/> that is there, and deletes it again.</summary>
    private static void Probe(string folder, string what, string option = "--output")
    {
        while (!Path.Exists(folder))
            folder = Path.GetDirectoryName(folder)!;
        var probe = Leftovers.NamesFor(Path.Combine(folder, ".rlcm")).Temporary;
        try
        {
            File.Create(probe).Dispose();
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{what} cannot be written: {exception.Message} Choose another {option}.", exception);
        }
    }
}

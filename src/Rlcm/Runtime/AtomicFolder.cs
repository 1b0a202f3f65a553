namespace Rlcm.Runtime;

/// <summary>Folders that appear whole or not at all.</summary>
public static class AtomicFolder
{
    private static readonly EnumerationOptions WithoutLinks = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>
    /// Lets <paramref name="write"/> fill a temporary sibling of <paramref name="folder"/>, forces all in it onto the disk and renames it.
    /// When anything fails, the sibling is deleted and what was at <paramref name="folder"/> stays.
    /// </summary>
    /// <param name="folder">The folder to make; its parents are made as needed.</param>
    /// <param name="write">Receives the path of the temporary folder, which exists and is empty.</param>
    /// <param name="replace">Whether a folder that is there already, with something in it, may be swapped for the new one.</param>
    /// <exception cref="UserErrorException">The folder exists, is not empty and <paramref name="replace"/> is false.</exception>
    public static void Write(string folder, Action<string> write, bool replace = false)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target))
            throw new UserErrorException($"{target} is a file, expected a folder; name another or remove the file.");
        if (!replace && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new UserErrorException($"The folder {target} exists and is not empty; name another folder or remove this one first.");

        var (temporary, old) = Leftovers.NamesFor(target);
        FileChanges.MakeFolder(temporary);
        try
        {
            write(temporary);
            FlushAll(temporary);
            Swap(temporary, target, old);
        }
        finally
        {
            FileChanges.Delete(temporary);
        }

        FileChanges.FlushFolder(Path.GetDirectoryName(target)!);
        FileChanges.Delete(old);
    }

    /// <summary>
    /// As <see cref="Write"/>, for a folder that is made anew from time to time: what <paramref name="write"/> does not make stays, such as
    /// files that a person has put there. What a killed process left beside the folder is tidied up.
    /// </summary>
    public static void Replace(string folder, Action<string> write)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        Leftovers.CleanUp(Path.GetDirectoryName(target)!, Path.GetFileName(target));
        Write(target, temporary =>
        {
            write(temporary);
            if (Directory.Exists(target))
                CopyOthers(target, temporary);
        }, replace: true);
    }

    /// <summary>Copies files and folders of <paramref name="source"/> whose names <paramref name="target"/> lacks; links stay links.</summary>
    private static void CopyOthers(string source, string target)
    {
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos())
        {
            var copy = Path.Combine(target, entry.Name);
            if (Path.Exists(copy))
                continue;
            if (entry.LinkTarget is { } place)
                _ = entry is DirectoryInfo ? Directory.CreateSymbolicLink(copy, place) : File.CreateSymbolicLink(copy, place);
            else if (entry is FileInfo file)
                file.CopyTo(copy);
            else
                CopyOthers(entry.FullName, Directory.CreateDirectory(copy).FullName);
        }
    }

    private static void FlushAll(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", WithoutLinks).Order(StringComparer.Ordinal))
            FileChanges.FlushFile(file);
        foreach (var below in Directory.EnumerateDirectories(folder, "*", WithoutLinks).Order(StringComparer.Ordinal))
            FileChanges.FlushFolder(below);
        FileChanges.FlushFolder(folder);
    }

    private static void Swap(string temporary, string target, string old)
    {
        if (!Directory.Exists(target))
        {
            FileChanges.RenameFolder(temporary, target);
            return;
        }

        FileChanges.RenameFolder(target, old);
        try
        {
            FileChanges.RenameFolder(temporary, target);
        }
        catch
        {
            FileChanges.RenameFolder(old, target);
            throw;
        }
    }
}

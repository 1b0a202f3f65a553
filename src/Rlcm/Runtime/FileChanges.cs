namespace Rlcm.Runtime;

/// <summary>
/// The one place where files change that a run must not lose. Each change is announced before it is made, so that tests can end the process
/// there, or let the disk be full.
/// </summary>
internal static class FileChanges
{
    private static readonly AsyncLocal<Action<FileChange>?> Listener = new();

    /// <summary>Hears of every change of the current flow of execution before it is made, and prevents it by throwing. Null but in tests.</summary>
    public static Action<FileChange>? Announced
    {
        get => Listener.Value;
        set => Listener.Value = value;
    }

    /// <summary>Makes a folder and those above it, unless they are there.</summary>
    public static void MakeFolder(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full))
            return;
        var parent = Path.GetDirectoryName(full)!;
        MakeFolder(parent);
        Announce(FileChangeKind.MakeFolder, full);
        Directory.CreateDirectory(full);
        FlushFolder(parent);
    }

    /// <summary>Opens a file for writing, without a buffer between: what is written is the system's.</summary>
    public static FileStream Open(string path, FileMode mode)
    {
        Announce(FileChangeKind.Open, path);
        return new AnnouncedStream(path, mode);
    }

    /// <summary>Renames a file; one of the new name is replaced.</summary>
    public static void RenameFile(string from, string to)
    {
        Announce(FileChangeKind.Rename, to);
        File.Move(from, to, overwrite: true);
    }

    /// <summary>Renames a folder; there must be none of the new name.</summary>
    public static void RenameFolder(string from, string to)
    {
        Announce(FileChangeKind.Rename, to);
        Directory.Move(from, to);
    }

    /// <summary>Deletes a file or a folder with all it holds, where it is there.</summary>
    public static void Delete(string path)
    {
        if (!Path.Exists(path))
            return;
        Announce(FileChangeKind.Delete, path);
        if (Directory.Exists(path) && !File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    /// <summary>Forces the bytes of a file onto the disk.</summary>
    public static void FlushFile(string path)
    {
        Announce(FileChangeKind.Flush, path);
        using var handle = File.OpenHandle(path, FileMode.Open, OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Forces the names in a folder onto the disk: without it, a file that was renamed may have its old name after a power failure.</summary>
    public static void FlushFolder(string path)
    {
        Announce(FileChangeKind.Flush, path);
        FolderFlush.ToDisk(path);
    }

    /// <summary>Tells the listener of a change.</summary>
    internal static void Announce(FileChangeKind kind, string path) => Listener.Value?.Invoke(new(kind, path));

    /// <summary>A file whose writes are announced; half by half where anyone listens, so that a file can be cut short in the middle.</summary>
    private sealed class AnnouncedStream(string path, FileMode mode) : FileStream(path, mode, FileAccess.Write, FileShare.Read, bufferSize: 0)
    {
        // A FileStream that is not exactly one writes spans by this, too.
        public override void Write(byte[] buffer, int offset, int count)
        {
            var half = Listener.Value is null ? 0 : count / 2;
            foreach (var (start, length) in ((int, int)[])[(offset, half), (offset + half, count - half)])
            {
                if (length == 0)
                    continue;
                Announce(FileChangeKind.Write, Name);
                base.Write(buffer, start, length);
            }
        }

        public override void WriteByte(byte value) => Write([value], 0, 1);

        public override void Flush(bool flushToDisk)
        {
            if (flushToDisk)
                Announce(FileChangeKind.Flush, Name);
            base.Flush(flushToDisk);
        }
    }
}

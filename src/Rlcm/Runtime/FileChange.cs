namespace Rlcm.Runtime;

/// <summary>Something that is about to happen to a file or folder.</summary>
/// <param name="Kind">What.</param>
/// <param name="Path">To which; the new name where one is renamed.</param>
internal readonly record struct FileChange(FileChangeKind Kind, string Path);

/// <summary>The changes that <see cref="FileChanges"/> makes.</summary>
internal enum FileChangeKind
{
    /// <summary>A folder is made.</summary>
    MakeFolder,

    /// <summary>A file is made or opened for writing.</summary>
    Open,

    /// <summary>Bytes are handed to the system.</summary>
    Write,

    /// <summary>Bytes of a file, or names in a folder, are forced onto the disk.</summary>
    Flush,

    /// <summary>A file or folder gets another name.</summary>
    Rename,

    /// <summary>A file or folder is deleted.</summary>
    Delete,
}

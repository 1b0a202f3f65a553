namespace Rlcm.Runtime;

/// <summary>Files that appear whole or not at all.</summary>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>
    /// Lets <paramref name="write"/> fill a temporary file beside <paramref name="path"/>, forces it onto the disk and renames it over
    /// <paramref name="path"/>. When anything fails, the temporary file is deleted and what was at <paramref name="path"/> stays.
    /// </summary>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        var temporary = Leftovers.NamesFor(target).Temporary;
        try
        {
            using (var file = FileChanges.Open(temporary, FileMode.CreateNew))
            {
                var buffer = new BufferedStream(file, BufferBytes); // not disposed, since that would write after a failure
                write(buffer);
                buffer.Flush();
                file.Flush(flushToDisk: true);
            }

            FileChanges.RenameFile(temporary, target);
        }
        finally
        {
            FileChanges.Delete(temporary);
        }

        FileChanges.FlushFolder(Path.GetDirectoryName(target)!);
    }
}

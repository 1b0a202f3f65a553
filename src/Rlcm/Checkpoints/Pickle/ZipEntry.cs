namespace Rlcm.Checkpoints.Pickle;

/// <summary>An entry of a zip file, as its central directory describes it.</summary>
/// <param name="Name">The full name with forward slashes; never used as a path.</param>
/// <param name="IsCompressed">Whether the bytes are deflated; torch stores them as they are.</param>
/// <param name="HeaderOffset">Where the entry's own header begins in the file.</param>
/// <param name="StoredBytes">Bytes in the file.</param>
/// <param name="ByteCount">Bytes of the content.</param>
internal sealed record ZipEntry(string Name, bool IsCompressed, long HeaderOffset, long StoredBytes, long ByteCount);

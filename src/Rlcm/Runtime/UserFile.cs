namespace Rlcm.Runtime;

/// <summary>Files that users name or edit: one that cannot be read is their mistake, not the program's.</summary>
internal static class UserFile
{
    /// <summary>All bytes of <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">The file is missing or cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The file {path} cannot be read ({error.Message}); check the path and its permissions.", error);
        }
    }
}

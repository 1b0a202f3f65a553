namespace Rlcm.Models.Hub;

/// <summary>Files behind symbolic links: <see cref="File.Exists(string)"/> is true of a link that leads nowhere, and <see cref="FileInfo.Length"/> is that of the link.</summary>
internal static class LinkTarget
{
    /// <summary>Whether there is a file at <paramref name="path"/>, or at the end of the links there.</summary>
    public static bool Exists(string path) => File.Exists(path) && Missing(path) is null;

    /// <summary>Bytes of the file at <paramref name="path"/>, or at the end of the links there; null when there is none.</summary>
    public static long? Length(string path) => Exists(path) ? new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path).Length : null;

    /// <summary>Where the link at <paramref name="path"/> leads, when there is nothing; null for other files.</summary>
    public static string? Missing(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) is { Exists: false } target ? target.FullName : null;
        }
        catch (IOException)
        {
            return new FileInfo(path).LinkTarget; // links in a circle
        }
    }
}

using Rlcm.Runtime;

namespace Rlcm.Checkpoints;

/// <summary>What <c>git clone</c> leaves in place of a large file where git-lfs is not installed: a few lines of text.</summary>
internal static class GitLfsPointer
{
    /// <summary>Refuses the file at <paramref name="path"/>, which begins with <paramref name="start"/> (8 bytes decide), where it is such a pointer.</summary>
    /// <exception cref="FileContentException">It is one.</exception>
    public static void Refuse(ReadOnlySpan<byte> start, string path)
    {
        if (start.StartsWith("version "u8))
            throw new FileContentException(path, "offset 0", $"{path}: this is the pointer that Git LFS leaves in place of a large file, not the weights; fetch them with `git lfs pull`.");
    }
}

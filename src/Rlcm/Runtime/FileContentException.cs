namespace Rlcm.Runtime;

/// <summary>
/// What is in a file is at fault: it is damaged, of another kind, hostile, or asks for what is not supported. The message is the whole sentence,
/// in which text of the file stands on one line and without control characters.
/// </summary>
public sealed class FileContentException : UserErrorException
{
    /// <summary>Creates the error.</summary>
    /// <param name="path">The file.</param>
    /// <param name="position">Where in it, such as <c>line 3</c>, <c>offset 128</c> or <c>tensor 'x'</c>; null for the file as a whole.</param>
    /// <param name="message">The sentence; it names the file.</param>
    /// <param name="innerException">What revealed it.</param>
    public FileContentException(string path, string? position, string message, Exception? innerException = null)
        : this(path, position, innerException, ReadableText.OneLine(message))
    {
    }

    private FileContentException(string path, string? position, Exception? innerException, string readable)
        : base(readable, innerException) =>
        (Path, Position) = (path, position is null ? null : ReadableText.Quote(position));

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The place in the file; null where it is the file as a whole, or several places.</summary>
    public string? Position { get; }

    /// <summary>Several mistakes of one file, each on a line of its own below <paramref name="heading"/>.</summary>
    public static FileContentException OfSeveral(string path, string heading, IEnumerable<string> mistakes) =>
        new(path, position: null, innerException: null, readable: $"{ReadableText.OneLine(heading)}\n  {string.Join("\n  ", mistakes.Select(ReadableText.OneLine))}");
}

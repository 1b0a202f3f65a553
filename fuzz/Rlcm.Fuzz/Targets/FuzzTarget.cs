using Rlcm.Runtime;

namespace Rlcm.Fuzz.Targets;

/// <summary>A reader of files, fed with any bytes: it reads them, or refuses them in a sentence that names the file. All else is a finding.</summary>
/// <param name="Name">Name of the target, and of the folders of its corpus and its regressions.</param>
/// <param name="FileName">What the file is called, which some readers judge it by.</param>
/// <param name="Read">Reads the file at a path, all of it.</param>
internal sealed record FuzzTarget(string Name, string FileName, Action<string> Read)
{
    /// <summary>Writes the files that have to be beside it into a folder; done once.</summary>
    public Action<string> Prepare { get; init; } = static _ => { };

    /// <summary>Makes the file of the bytes, at a path; by default they are its content.</summary>
    public Action<string, byte[]> Write { get; init; } = File.WriteAllBytes;

    /// <summary>Reads <paramref name="bytes"/> as a file in <paramref name="folder"/>, which was prepared.</summary>
    /// <returns>The refusal; null where they were read.</returns>
    /// <exception cref="InvalidOperationException">The refusal does not name the file, or is no single line.</exception>
    public UserErrorException? Try(string folder, byte[] bytes)
    {
        var path = Path.Combine(folder, FileName);
        Write(path, bytes);
        try
        {
            Read(path);
            return null;
        }
        catch (UserErrorException error)
        {
            if (!error.Message.Contains(folder, StringComparison.Ordinal))
                throw new InvalidOperationException($"The file in {folder} is not named in: {error.Message}", error);
            if (error.Message.Any(letter => char.IsControl(letter) && letter != '\n'))
                throw new InvalidOperationException($"Control characters in: {error.Message}", error);
            return error;
        }
    }
}

using Rlcm.Runtime;

namespace Rlcm.Prompts;

/// <summary>A list of prompts: UTF-8 text, one prompt a line, commas kept, blank lines skipped.</summary>
public static class PromptFile
{
    /// <summary>Reads all prompts in the order of the file, without surrounding white space.</summary>
    /// <exception cref="UserErrorException">The file does not exist or cannot be read.</exception>
    /// <exception cref="FileContentException">It is not UTF-8, or holds no prompt.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"The prompt file {path} does not exist: name a UTF-8 text file with one prompt a line.");

        string[] prompts = [.. Utf8Text.Read(path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        if (prompts.Length == 0)
            throw new FileContentException(path, null, $"The prompt file {path} holds no prompt: write one prompt a line.");
        return prompts;
    }
}

namespace Rlcm.Fuzz.Targets;

/// <summary>Several files as one input of a fuzzer, with a zero between them.</summary>
internal static class FilesInOne
{
    private const byte Separator = 0;

    /// <summary>Writes them into <paramref name="folder"/>; those that the input lacks are empty.</summary>
    public static void Write(string folder, IReadOnlyList<string> names, byte[] bytes)
    {
        foreach (var name in names)
        {
            var end = bytes.AsSpan().IndexOf(Separator) is var found and >= 0 ? found : bytes.Length;
            File.WriteAllBytes(Path.Combine(folder, name), bytes[..end]);
            bytes = bytes[Math.Min(end + 1, bytes.Length)..];
        }
    }
}

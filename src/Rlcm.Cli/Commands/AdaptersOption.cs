using System.CommandLine;
using Rlcm.Models;
using Rlcm.Runtime;

namespace Rlcm.Cli.Commands;

/// <summary>An adapter among several.</summary>
/// <param name="Name">The shortest end of its path that no other has, such as <c>small</c> of <c>runs/small/adapter</c>.</param>
/// <param name="Path">Where it is.</param>
internal sealed record NamedAdapter(string Name, string Path);

/// <summary><c>--adapter</c> of a command that compares several.</summary>
internal sealed class AdaptersOption : Option<string[]>
{
    /// <summary>What the model without an adapter is called beside them.</summary>
    public const string UntunedModel = "untuned";

    /// <param name="purpose">What is done with them, for the help.</param>
    public AdaptersOption(string purpose)
        : base("--adapter")
    {
        Description = $"{purpose}: {AdapterOption.Places}; may be repeated";
        HelpName = AdapterOption.Value;
    }

    /// <summary>The adapters in the order of the command line.</summary>
    /// <exception cref="UserErrorException">One is there twice.</exception>
    public IReadOnlyList<NamedAdapter> Read(ParseResult arguments)
    {
        var paths = arguments.GetValue(this) ?? [];
        if (paths.Contains(string.Empty))
            throw new UserErrorException("--adapter: expected a folder or a file, found an empty text; check the path.");
        var full = Array.ConvertAll(paths, path => Path.GetFullPath(path));
        OptionChecks.RequireDistinct(this, full);
        var parts = Array.ConvertAll(full, Parts);
        if (parts.Select(folders => string.Join('/', folders)).Distinct(StringComparer.Ordinal).Count() < parts.Length)
            parts = Array.ConvertAll(full, ShortNames.Parts);
        return [.. paths.Zip(ShortNames.Of(parts, UntunedModel), (path, name) => new NamedAdapter(name, path))];
    }

    /// <summary>Makes sure that all of <paramref name="adapters"/> fit, and says on standard error which were made for another model.</summary>
    /// <exception cref="UserErrorException">One is missing, damaged or does not fit.</exception>
    public static void Require(IReadOnlyList<NamedAdapter> adapters, TextToImageModel model, string name, Terminal terminal)
    {
        foreach (var adapter in adapters)
            AdapterOption.Load(adapter.Path, model, name, terminal).Dispose();
    }

    /// <summary>The folders and the file of a path, without what the adapters of all runs have in common.</summary>
    private static string[] Parts(string path) => ShortNames.Parts(path) switch
    {
        [_, .., "adapter"] folders => folders[..^1],
        [.. var folders, var file] => [.. folders, Path.GetExtension(file) == ".safetensors" ? Path.GetFileNameWithoutExtension(file) : file],
        _ => [path],
    };
}

using System.CommandLine;

namespace Rlcm.Cli;

/// <summary>A command whose help ends with examples, one a line.</summary>
internal sealed class DocumentedCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}

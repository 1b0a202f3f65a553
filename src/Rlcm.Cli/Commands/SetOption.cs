using System.CommandLine;

namespace Rlcm.Cli.Commands;

/// <summary><c>--set key=value</c>: a key of the configuration, checked by its reader.</summary>
internal sealed class SetOption : Option<string[]>
{
    /// <param name="description">Which keys, for the help.</param>
    public SetOption(string description)
        : base("--set")
    {
        Description = description;
        HelpName = "key=value";
    }

    /// <summary>The assignments that were given.</summary>
    public IReadOnlyList<string> Assignments(ParseResult arguments) => arguments.GetValue(this) ?? [];
}

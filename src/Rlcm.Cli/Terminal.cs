using Spectre.Console;

namespace Rlcm.Cli;

/// <summary>Where a command writes.</summary>
/// <param name="Output">Results and progress.</param>
/// <param name="Error">Messages about mistakes.</param>
/// <param name="Live">A console whose lines can be drawn again; null in a pipe or a file, which get plain lines.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, IAnsiConsole? Live)
{
    /// <summary>Standard output and standard error.</summary>
    public static Terminal System { get; } = new(
        Console.Out, Console.Error, !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi ? AnsiConsole.Console : null);
}

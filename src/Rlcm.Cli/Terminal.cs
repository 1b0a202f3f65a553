using Spectre.Console;
using Spectre.Console.Rendering;

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

    /// <summary>Where nobody listens.</summary>
    public static Terminal Silent { get; } = new(TextWriter.Null, TextWriter.Null, Live: null);

    private const int PlainWidth = 160; // of a pipe or a file, where nobody knows it

    /// <summary>Draws <paramref name="what"/>: with lines and colors where there are any, otherwise as plain text.</summary>
    public void Write(IRenderable what)
    {
        if (Live is not null)
        {
            Live.Write(what);
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(Output) });
        console.Profile.Width = PlainWidth;
        console.Write(what);
    }
}

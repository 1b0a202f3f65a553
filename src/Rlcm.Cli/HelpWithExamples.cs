using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Rlcm.Cli;

/// <summary>The usual help, in lines of at most 100 characters wherever it is shown, and the command's examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private const int MaxWidth = 100;

    private readonly HelpAction _help = new() { MaxWidth = MaxWidth };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        _help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is DocumentedCommand { Examples.Count: > 0 } command)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in command.Examples)
                output.WriteLine($"  {example}");
        }

        return ExitCode.Success;
    }
}

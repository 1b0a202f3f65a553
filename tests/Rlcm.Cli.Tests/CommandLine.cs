using System.CommandLine;

namespace Rlcm.Cli.Tests;

/// <summary>Runs the program in this process, its output in strings.</summary>
internal static class CommandLine
{
    public static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public static async Task<(int Code, string Output, string Error)> RunAsync(Command? root, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, error, Live: null);
        var code = await Application.RunAsync(root ?? RlcmCommand.Create(terminal), arguments, terminal, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}

using System.CommandLine;
using Xunit;

namespace Rlcm.Cli.Tests;

/// <summary>Runs the program in this process, its output in strings.</summary>
internal static class CommandLine
{
    public static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public static Task<(int Code, string Output, string Error)> RunAsync(Command? root, params string[] arguments) => RunAsync(root, CancellationToken.None, arguments);

    public static async Task<(int Code, string Output, string Error)> RunAsync(Command? root, CancellationToken stop, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, error, Live: null);
        var code = await Application.RunAsync(root ?? RlcmCommand.Create(terminal), arguments, terminal, stop);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs what must succeed, without a word on standard error, and returns its output.</summary>
    public static async Task<string> SucceedAsync(params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        Assert.Equal((ExitCode.Success, string.Empty), (code, error));
        return output;
    }

    /// <summary>Runs what must be refused as the user's mistake, in one line, and returns that line.</summary>
    public static async Task<string> RefusedAsync(params string[] arguments)
    {
        var (code, _, error) = await RunAsync(arguments);
        Assert.True(code == ExitCode.UserError, $"exit code {code}: {error}");
        return Assert.Single(error.TrimEnd().Split('\n'));
    }
}

using System.CommandLine;

namespace Rlcm.Cli;

/// <summary>The program without its process: parses, runs, turns every failure into a message and an exit code.</summary>
internal static class Application
{
    /// <summary>Set to 1, it adds the stack trace to the message of an unexpected error.</summary>
    public const string TraceVariable = "RLCM_TRACE";

    /// <summary>Runs the command of <paramref name="arguments"/> and returns the exit code.</summary>
    public static Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken stop) =>
        RunAsync(RlcmCommand.Create(terminal), arguments, terminal, stop);

    /// <summary>As above, below another root command.</summary>
    internal static async Task<int> RunAsync(Command root, string[] arguments, Terminal terminal, CancellationToken stop)
    {
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await terminal.Error.WriteLineAsync(error.Message);
            await terminal.Error.WriteLineAsync($"'{PathOf(parsed.CommandResult.Command)} --help' tells what is possible.");
            return ExitCode.UserError;
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // StopSignal listens
            };
            return await parsed.InvokeAsync(configuration, stop);
        }
        catch (Exception exception)
        {
            var (message, code) = Failure.Describe(exception, Environment.GetEnvironmentVariable(TraceVariable) == "1");
            await terminal.Error.WriteLineAsync(message);
            return code;
        }
    }

    private static string PathOf(Command command) =>
        string.Join(' ', command.Parents.OfType<Command>().Select(PathOf).Append(command.Name));
}

using System.CommandLine;
using System.CommandLine.Parsing;
using Rlcm.Runtime;

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
                await terminal.Error.WriteLineAsync(MessageOf(error) + Suggestion(error, parsed));
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

    /// <summary>The parser's message, except where it names a type of .NET since the text is no number.</summary>
    private static string MessageOf(ParseError error) =>
        error.SymbolResult is OptionResult result && NumberExpectedBy(result.Option) is { } expected && error.Message.Contains("'System.", StringComparison.Ordinal)
            ? $"{result.Option.Name}: expected {expected}, found {string.Join(' ', result.Tokens)}."
            : error.Message;

    /// <summary>What a misspelt option or command was meant to be.</summary>
    private static string Suggestion(ParseError error, ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var token = parsed.UnmatchedTokens.FirstOrDefault(unmatched => error.Message.Contains($"'{unmatched}'", StringComparison.Ordinal));
        var meant = token is null ? null : NearestName.Find(token.Split('=')[0], [.. command.Options.Select(option => option.Name), .. command.Subcommands.Select(below => below.Name)]);
        return meant is null ? string.Empty : $" Did you mean {meant}?";
    }

    private static string? NumberExpectedBy(Option option) => Type.GetTypeCode(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType.GetElementType() ?? option.ValueType) switch
    {
        TypeCode.Int32 or TypeCode.Int64 => "a whole number",
        TypeCode.UInt64 => "a whole number of at least 0",
        TypeCode.Double => "a number",
        _ => null,
    };

    private static string PathOf(Command command) =>
        string.Join(' ', command.Parents.OfType<Command>().Select(PathOf).Append(command.Name));
}

using System.Reflection;
using Rlcm.Runtime;

namespace Rlcm.Cli;

/// <summary>Turns an exception into what the user reads.</summary>
internal static class Failure
{
    /// <summary>The message and the exit code of <paramref name="exception"/>; the stack trace only when asked for.</summary>
    public static (string Message, int Code) Describe(Exception exception, bool withTrace) => Unwrap(exception) switch
    {
        UserErrorException error => (error.Message, ExitCode.UserError),
        OperationCanceledException => ("Stopped.", ExitCode.Stopped),
        var error => ($"Unexpected {error.GetType().Name}: {FirstLine(error.Message)} This is a bug in rlcm, please report it; {Details(exception, withTrace)}", ExitCode.ProgramError),
    };

    private static string Details(Exception exception, bool withTrace) =>
        withTrace ? $"details:{Environment.NewLine}{exception}" : $"{Application.TraceVariable}=1 shows details.";

    /// <summary>What the runtime's wrappers hold.</summary>
    private static Exception Unwrap(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions: [var only] } => Unwrap(only),
        TypeInitializationException { InnerException: { } inner } => Unwrap(inner),
        TargetInvocationException { InnerException: { } inner } => Unwrap(inner),
        _ => exception,
    };

    /// <summary>Further lines are libtorch's own stack.</summary>
    private static string FirstLine(string message) => message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? string.Empty;
}

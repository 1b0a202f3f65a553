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
        var error when OutOfMemory(error.Message) is { } place => ($"The memory of the {place} does not suffice ({FirstLine(error.Message).Split(". ")[0]}); use smaller batches or pictures, in training also --set gradientCheckpointing=true, or --dtype bf16 on a GPU.", ExitCode.UserError),
        OperationCanceledException => ("Stopped.", ExitCode.Stopped),
        var error => ($"Unexpected {error.GetType().Name}: {FirstLine(error.Message)} This is a bug in rlcm, please report it; {Details(exception, withTrace)}", ExitCode.ProgramError),
    };

    /// <summary>Whose memory libtorch ran out of; null where it did not.</summary>
    private static string? OutOfMemory(string message) =>
        message.Contains("CUDA out of memory", StringComparison.Ordinal) ? "GPU"
        : message.Contains("DefaultCPUAllocator: can't allocate memory", StringComparison.Ordinal) ? "machine" : null;

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

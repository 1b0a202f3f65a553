using System.Reflection;
using Rlcm.Runtime;

namespace Rlcm.Cli;

/// <summary>Turns an exception into what the user reads.</summary>
internal static class Failure
{
    private static readonly string[] OutOfMemoryMessages = ["CUDA out of memory", "CUDA error: out of memory", "DefaultCPUAllocator: can't allocate memory"];

    /// <summary>The message and the exit code of <paramref name="exception"/>; the stack trace only when asked for.</summary>
    public static (string Message, int Code) Describe(Exception exception, bool withTrace) => Unwrap(exception) switch
    {
        UserErrorException error => (error.Message, ExitCode.UserError),
        var error when error is IOException or UnauthorizedAccessException => ($"{DiskFailure.Describe(error)}; {DiskFailure.Remedy(error)} and try again.", ExitCode.UserError),
        var error when OutOfMemory(error.Message) is { } what => ($"Memory does not suffice ({what}); use smaller pictures or fewer at a time, in training also --set gradientCheckpointing=true, or --dtype bf16 on a GPU.", ExitCode.UserError),
        OperationCanceledException => ("Stopped.", ExitCode.Stopped),
        var error => ($"Unexpected {error.GetType().Name}: {FirstLine(error.Message)} This is a bug in rlcm, please report it; {Details(exception, withTrace)}", ExitCode.ProgramError),
    };

    /// <summary>What libtorch says where memory ran out; null where it did not.</summary>
    private static string? OutOfMemory(string message)
    {
        var start = OutOfMemoryMessages.Select(known => message.IndexOf(known, StringComparison.Ordinal)).FirstOrDefault(place => place >= 0, -1);
        return start < 0 ? null : FirstLine(message[start..]).Split(". ")[0].TrimEnd('.');
    }

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
    internal static string FirstLine(string message) => message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? string.Empty;
}

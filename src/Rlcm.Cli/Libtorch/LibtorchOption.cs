using System.CommandLine;
using System.CommandLine.Invocation;
using Rlcm.Runtime;

namespace Rlcm.Cli.Libtorch;

/// <summary><c>--libtorch</c>: another libtorch than the program's own, for every command; chosen before the command starts.</summary>
internal sealed class LibtorchOption : Option<string?>
{
    public LibtorchOption(Terminal terminal)
        : base("--libtorch")
    {
        Description = "Use the libtorch of this PyTorch installation, CUDA included";
        HelpName = "DIR";
        Recursive = true;
        Action = new Choice(this, terminal);
    }

    private sealed class Choice(LibtorchOption option, Terminal terminal) : AsynchronousCommandLineAction
    {
        public override bool Terminating => false;

        /// <summary>Waits for the probe, since what comes after stays on this thread: freed memory is kept for the main one (decision 11).</summary>
        public override Task<int> InvokeAsync(ParseResult parseResult, CancellationToken cancellationToken = default)
        {
            if (parseResult.Action is HelpWithExamples)
                return Task.FromResult(ExitCode.Success);
            var directory = parseResult.GetValue(option);
            if (string.IsNullOrEmpty(directory))
                throw new UserErrorException($"{option.Name}: expected a folder, found nothing; name torch/lib of a PyTorch installation.");
            var quiet = parseResult.CommandResult.Command.Options.OfType<Option<bool>>().Any(flag => flag.Name == "--quiet" && parseResult.GetValue(flag));
            LibtorchChoice.MakeAsync(directory, quiet ? terminal with { Output = TextWriter.Null } : terminal, ProbeProcess.RunAsync, cancellationToken).GetAwaiter().GetResult();
            return Task.FromResult(ExitCode.Success);
        }
    }
}

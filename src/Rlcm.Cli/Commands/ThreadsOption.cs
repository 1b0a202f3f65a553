using System.CommandLine;
using Rlcm.Runtime;
using TorchSharp;

namespace Rlcm.Cli.Commands;

/// <summary><c>--threads</c>: how many cores the networks use.</summary>
internal sealed class ThreadsOption : Option<int?>
{
    public ThreadsOption()
        : base("--threads")
    {
        Description = "Threads of the networks [default: one for each core]";
        HelpName = "N";
    }

    /// <summary>Sets the number of threads, where one was given.</summary>
    /// <exception cref="UserErrorException">It is less than 1.</exception>
    public void Apply(ParseResult arguments)
    {
        if (arguments.Checked(this, threads => threads >= 1, OptionChecks.Count) is { } number)
            torch.set_num_threads(number);
    }
}
